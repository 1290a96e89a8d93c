// The reference: a model as it is, without optimisation, in a separate process.
// usage: node reference.js MODEL IN.f32 N,C,H,W OUT-FOLDER; OUT-FOLDER receives NAME.f32 for every output, or, with RANGES set, ranges.json
const ort = require(process.env.ORT_NODE);
const fs = require('fs');
const [model, input, shape, out] = process.argv.slice(2);

(async () => {
  const session = await ort.InferenceSession.create(model, { graphOptimizationLevel: 'disabled', logSeverityLevel: 3, intraOpNumThreads: 1 });
  const dims = shape.split(',').map(Number), size = dims.reduce((a, b) => a * b, 1);
  const bytes = fs.readFileSync(input), values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const found = {};
  for (let at = 0; at < values.length; at += size) {
    const feeds = { [session.inputNames[0]]: new ort.Tensor('float32', values.slice(at, at + size), dims) };
    const results = await session.run(feeds);
    for (const name of session.outputNames) {
      const data = results[name].data;
      if (process.env.RANGES) {
        const range = (found[name] ??= [0, 0]);
        for (const v of data) {
          if (v < range[0]) range[0] = v;
          if (v > range[1]) range[1] = v;
        }
      } else (found[name] ??= []).push(Buffer.from(Float32Array.from(data, Number).buffer));
    }
  }
  if (process.env.RANGES) fs.writeFileSync(`${out}/ranges.json`, JSON.stringify(found));
  else session.outputNames.forEach((name, i) => fs.writeFileSync(`${out}/output${i}.f32`, Buffer.concat(found[name])));
})().catch((error) => {
  console.error(String(error.message ?? error));
  process.exit(1);
});
