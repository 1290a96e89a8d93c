"""Turns an exported convolutional network into an int8 one, by the ranges of its activations: float operators between
QuantizeLinear and DequantizeLinear (QDQ), or operators of 8-bit tensors (QLinear), as ONNX Runtime's own tool writes them."""
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FUSED = {'Relu', 'Clip'}


def node(op, inputs, outputs, domain='', **attributes):
    return helper.make_node(op, inputs, outputs, name=outputs[0], domain=domain, **attributes)


class Quantiser:
    def __init__(self, path, ranges):
        self.model = onnx.load(path)
        self.graph = self.model.graph
        self.weights = {t.name: numpy_helper.to_array(t) for t in self.graph.initializer}
        for n in list(self.graph.node):
            if n.op_type == 'Constant':
                self.weights[n.output[0]] = numpy_helper.to_array(n.attribute[0].t)
        self.ranges, self.nodes, self.kept, self.grids = ranges, [], [], {}
        self.readers = {}
        for n in self.graph.node:
            for i in n.input:
                self.readers.setdefault(i, []).append(n)

    def add(self, name, array):
        self.kept.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(np.shape(array)), name))
        return name

    def grid(self, tensor):
        """Scale and zero point (uint8) of an activation, as names."""
        if tensor not in self.grids:
            low, high = self.ranges[tensor]
            scale = np.float32(max(high - low, 1e-6) / 255)
            zero = np.uint8(np.clip(round(-low / float(scale)), 0, 255))
            self.grids[tensor] = (self.add(tensor + '_scale', scale), self.add(tensor + '_zero', zero), float(scale))
        return self.grids[tensor]

    def weight(self, name, axis_first=True):
        """int8, a scale per output channel; once for every reader."""
        w = self.weights[name] if axis_first else self.weights[name].T
        scale = (np.abs(w.reshape(len(w), -1)).max(1) / 127).astype('f4')
        whole = np.clip(np.round(w / scale.reshape(-1, *[1] * (w.ndim - 1))), -127, 127).astype('i1')
        self.add(name + '_int8', whole), self.add(name + '_scale', scale), self.add(name + '_zero', np.zeros(len(w), 'i1'))
        return scale

    def offsets(self, name, out, scale):
        """int32 in steps of input times weight."""
        whole = np.round(self.weights[name] / scale).astype('i4')
        return self.add(out + '_offsets', whole)

    def last(self, n):
        """The tensor that a fused activation makes of a node's output."""
        after = self.readers.get(n.output[0], [])
        return after[0].output[0] if len(after) == 1 and after[0].op_type in FUSED else n.output[0]

    def finish(self, path, opset, extra=()):
        del self.graph.node[:], self.graph.initializer[:], self.graph.value_info[:]
        self.graph.node.extend(self.nodes)
        self.graph.initializer.extend(self.kept)
        self.model.opset_import[0].version = opset
        self.model.opset_import.extend(extra)
        onnx.save(self.model, path)


def qdq(path, ranges, out):
    """Returns how far one step of the last quantised tensor can move a score."""
    q = Quantiser(path, ranges)
    done, copied, step = {}, set(), 0.0

    def pair(tensor):
        if tensor not in done:
            scale, zero, _ = q.grid(tensor)
            q.nodes.append(node('QuantizeLinear', [tensor, scale, zero], [tensor + '_q']))
            q.nodes.append(node('DequantizeLinear', [tensor + '_q', scale, zero], [tensor + '_dq']))
            done[tensor] = tensor + '_dq'
        return done[tensor]

    for n in q.graph.node:
        if n.op_type == 'Constant':
            continue  # becomes a weight where it is read
        n = onnx.NodeProto.FromString(n.SerializeToString())
        activations = [i for i in n.input if i in q.ranges]
        if n.op_type not in FUSED:
            for k, i in enumerate(n.input):
                if i in activations and n.op_type not in ('Flatten', 'Reshape'):
                    n.input[k] = pair(i)
        if n.op_type in ('Conv', 'Gemm'):
            scale = q.weight(n.input[1])
            name, offsets = n.input[1], n.input[2]
            x = q.grid(activations[0])[2]
            q.nodes.append(node('DequantizeLinear', [name + '_int8', name + '_scale', name + '_zero'], [name + '_dq'], axis=0))
            q.add(n.output[0] + '_offset_scale', (x * scale).astype('f4')), q.add(n.output[0] + '_offset_zero', np.zeros(len(scale), 'i4'))
            q.nodes.append(node(
                'DequantizeLinear', [q.offsets(offsets, n.output[0], x * scale), n.output[0] + '_offset_scale', n.output[0] + '_offset_zero'],
                [n.output[0] + '_offsets_dq'], axis=0))
            n.input[1], n.input[2] = name + '_dq', n.output[0] + '_offsets_dq'
        for i in n.input:
            if i in q.weights and i not in copied:
                copied.add(i)
                q.add(i, q.weights[i])
        q.nodes.append(n)
        if n.op_type == 'Gemm':  # the last layer: its scores are quantised too
            final, made = n.output[0], n.output[0] + '_float'
            q.nodes[-1].output[0] = made
            q.ranges[made] = q.ranges[final]
            pair(made)
            q.nodes[-1].output[0] = final
            step = q.grid(made)[2]
    q.finish(out, 13)
    return step


def qlinear(path, ranges, out):
    """The same with QLinearConv, and QLinearAdd, QLinearGlobalAveragePool and QGemm of ONNX Runtime's domain."""
    q = Quantiser(path, ranges)
    own = 'com.microsoft'
    source = q.graph.input[0].name
    scale, zero, _ = q.grid(source)
    q.nodes.append(node('QuantizeLinear', [source, scale, zero], [source + '_q']))
    named, skipped, step = {source: source}, set(), 0.0

    def three(tensor):
        t = named[tensor]
        scale, zero, _ = q.grid(t)
        return [t + '_q', scale, zero]

    for n in q.graph.node:
        if n.op_type == 'Constant' or n.output[0] in skipped:
            continue
        target = q.last(n) if n.op_type in ('Conv', 'Add') else n.output[0]
        if target != n.output[0]:
            skipped.add(target)
        named[n.output[0]] = named[target] = target
        if n.op_type == 'Conv':
            weight, x = n.input[1], q.grid(named[n.input[0]])[2]
            steps = q.weight(weight)
            scale, zero, _ = q.grid(target)
            made = node(
                'QLinearConv', [*three(n.input[0]), weight + '_int8', weight + '_scale', weight + '_zero', scale, zero,
                                q.offsets(n.input[2], target, x * steps)], [target + '_q'])
            made.attribute.extend(n.attribute)
            q.nodes.append(made)
        elif n.op_type == 'Add':
            scale, zero, _ = q.grid(target)
            q.nodes.append(node('QLinearAdd', [*three(n.input[0]), *three(n.input[1]), scale, zero], [target + '_q'], own))
        elif n.op_type == 'GlobalAveragePool':
            scale, zero, _ = q.grid(target)
            q.nodes.append(node('QLinearGlobalAveragePool', [*three(n.input[0]), scale, zero], [target + '_q'], own, channels_last=0))
        elif n.op_type in ('MaxPool', 'Flatten'):
            # These take and leave the grid of their input.
            q.grids[target] = q.grid(named[n.input[0]])
            made = node(n.op_type, [three(n.input[0])[0]], [target + '_q'])
            made.attribute.extend(n.attribute)
            q.nodes.append(made)
        elif n.op_type == 'Gemm':
            weight, x = n.input[1], q.grid(named[n.input[0]])[2]
            steps = q.weight(weight)
            scale, zero, step = q.grid(target)
            q.nodes.append(node(
                'QGemm', [*three(n.input[0]), weight + '_int8', weight + '_scale', weight + '_zero',
                          q.offsets(n.input[2], target, x * steps), scale, zero], [target + '_q'], own, transB=1))
            q.nodes.append(node('DequantizeLinear', [target + '_q', scale, zero], [target]))
        else:
            raise ValueError(f'{n.op_type} has no 8-bit form here')
    q.finish(out, 13, [helper.make_opsetid(own, 1)])
    return step


def with_activations(path, out):
    """The same file with every activation as an output; returns their names."""
    model = onnx.shape_inference.infer_shapes(onnx.load(path))
    known = {o.name for o in model.graph.output}
    names = [v.name for v in model.graph.value_info if v.type.tensor_type.elem_type == TensorProto.FLOAT]
    made = {o for n in model.graph.node if n.op_type != 'Constant' for o in n.output}
    for name in names:
        if name in made and name not in known:
            model.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
    model.graph.output.append(helper.make_tensor_value_info('input_seen', TensorProto.FLOAT, None))
    model.graph.node.append(node('Identity', [model.graph.input[0].name], ['input_seen']))
    onnx.save(model, out)
