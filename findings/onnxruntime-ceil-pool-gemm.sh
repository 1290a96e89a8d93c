#!/usr/bin/env bash
# Version: ONNX Runtime 1.30.0 (npm onnxruntime-node 1.30.0), CPU.
# Guess: the shape that loading infers for a pool with ceil_mode is the shape that its kernel makes, in every opset.
# Behaviour: where the last window would lie in the padding alone, the kernel leaves it out (as PyTorch does, and as opset 22 defines).
#   Before opset 22 loading still counts it. So a Gemm after such a pool has no weight size that works: the size that the kernel makes
#   is refused when the model is loaded, the size that loading infers is refused when it runs. Without a Gemm the difference shows nowhere.
# Output seen (5 elements, window 3, stride 3, pads 1 and 1): the pool makes 2 elements in opsets 13 and 22. Opset 13: Gemm of 2 fails at
#   load, of 3 at run. Opset 22: Gemm of 2 runs.
# Workaround: export with opset 22.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-node@1.30.0 > /dev/null
cat > run.js <<'J'
const ort = require('./node_modules/onnxruntime-node');
const { node, attribute, weight, tensor, model } = require(process.argv[2]);
const pool = node('MaxPool', ['x'], ['p'],
  attribute('kernel_shape', [3]), attribute('strides', [3]), attribute('pads', [1, 1]), attribute('ceil_mode', 1));
const alone = opset => model(opset, pool, node('Identity', ['p'], ['y']), tensor(11, 'x', [1, 1, 5]), tensor(12, 'y', [1, 1, 2]));
const gemm = (opset, size) => model(opset, pool, node('Flatten', ['p'], ['f']), node('Gemm', ['f', 'w'], ['y']),
  weight('w', 'float', [size, 1], new Float32Array(size).fill(1)), tensor(11, 'x', [1, 1, 5]), tensor(12, 'y', [1, 1]));
const result = async onnx => {
  let session;
  try { session = await ort.InferenceSession.create(onnx, { graphOptimizationLevel: 'disabled', logSeverityLevel: 4 }); } catch { return 'fails at load'; }
  try {
    return Array.from((await session.run({ x: new ort.Tensor('float32', Float32Array.of(1, 2, 3, 4, 5), [1, 1, 5]) })).y.data).join();
  } catch { return 'fails at run'; }
};
(async () => {
  let same = true;
  for (const [name, onnx, expected] of [
    ['opset 13, pool alone', alone(13), '2,5'], ['opset 13, Gemm of 2', gemm(13, 2), 'fails at load'],
    ['opset 13, Gemm of 3', gemm(13, 3), 'fails at run'], ['opset 22, pool alone', alone(22), '2,5'], ['opset 22, Gemm of 2', gemm(22, 2), '7'],
  ]) {
    const seen = await result(onnx);
    console.log(name.padEnd(21), seen);
    same &&= seen === expected;
  }
  console.log(same ? 'as found' : 'CHANGED: not as found');
  process.exit(same ? 0 : 1);
})();
J
node run.js "$here/onnx-writer.js"
