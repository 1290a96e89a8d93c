#!/usr/bin/env bash
# Version: ONNX Runtime 1.30.0 (npm onnxruntime-node 1.30.0), CPU.
# Guess: optimisation levels change speed, not results; a Pad node that pads with zeros stays, or its zeros do.
# Behaviour: from `basic` on, Pad(0) + MaxPool becomes MaxPool with pads, whose padding is minus infinity. Where all elements under a
#   window are negative, the maximum is an element instead of 0. Networks exported from Keras (ResNet V2) have this pair.
# Output seen: disabled 0,0,0,0; basic, extended and all -1,-2,-3,-4.
# Workaround: session option optimization.disable_specified_optimizers = Pad_Fusion.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-node@1.30.0 > /dev/null
cat > run.js <<'J'
const ort = require('./node_modules/onnxruntime-node');
const { node, attribute, weight, tensor, model } = require(process.argv[2]);
// A 2x2 picture gets a border of one zero on all sides, so every 2x2 window holds one element and three zeros.
const onnx = model(13,
  node('Pad', ['x', 'pads'], ['p'], attribute('mode', 'constant')),
  node('MaxPool', ['p'], ['y'], attribute('kernel_shape', [2, 2]), attribute('strides', [2, 2])),
  weight('pads', 'int64', [8], BigInt64Array.from([0, 0, 1, 1, 0, 0, 1, 1].map(BigInt))),
  tensor(11, 'x', [1, 1, 2, 2]), tensor(12, 'y', [1, 1, 2, 2]));
(async () => {
  const seen = {};
  for (const level of ['disabled', 'basic', 'extended', 'all']) {
    const session = await ort.InferenceSession.create(onnx, { graphOptimizationLevel: level });
    const x = new ort.Tensor('float32', Float32Array.from([-1, -2, -3, -4]), [1, 1, 2, 2]);
    seen[level] = Array.from((await session.run({ x })).y.data).join();
    console.log(level.padEnd(9), seen[level]);
  }
  const same = seen.disabled === '0,0,0,0' && ['basic', 'extended', 'all'].every(l => seen[l] === '-1,-2,-3,-4');
  console.log(same ? 'as found' : 'CHANGED: not as found');
  process.exit(same ? 0 : 1);
})();
J
node run.js "$here/onnx-writer.js"
