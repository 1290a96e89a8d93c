// The few fields of ONNX's protobuf messages that the findings need, written without a library.
'use strict';
const varint = n => { let v = BigInt.asUintN(64, BigInt(n)); const b = []; do { b.push(Number(v & 127n) | (v > 127n ? 128 : 0)); v >>= 7n; } while (v); return Buffer.from(b); };
const int = (field, n) => Buffer.concat([varint(field << 3), varint(n)]);
const bytes = (field, data) => { const d = Buffer.isBuffer(data) ? data : Buffer.from(data); return Buffer.concat([varint(field << 3 | 2), varint(d.length), d]); };
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));
const TYPE = { float: 1, int64: 7, bool: 9 };
const shape = dims => dims.map(d => message(1, int(1, d)));
exports.attribute = (name, value) => message(5, bytes(1, name), ...(typeof value === 'string' ? [bytes(4, value), int(20, 3)]
  : typeof value === 'number' ? [int(3, value), int(20, 2)] : [...value.map(v => int(8, v)), int(20, 7)]));
exports.node = (op, inputs, outputs, ...attributes) =>
  message(1, ...inputs.map(i => bytes(1, i)), ...outputs.map(o => bytes(2, o)), bytes(4, op), ...attributes);
exports.weight = (name, type, dims, data) => message(5, ...dims.map(d => int(1, d)), int(2, TYPE[type]), bytes(8, name), bytes(9, Buffer.from(data.buffer)));
exports.tensor = (field, name, dims) => message(field, bytes(1, name), message(2, message(1, int(1, TYPE.float), message(2, ...shape(dims)))));
exports.model = (opset, ...graph) => Buffer.concat([int(1, 7), message(7, bytes(2, 'g'), ...graph), message(8, int(2, opset))]);
