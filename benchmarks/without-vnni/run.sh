#!/usr/bin/env bash
# The int8 benchmark as on a processor without VNNI, or with HIDE=avx512 without AVX-512: gdb changes what the processor says about
# itself (CPUID), ONNX Runtime and the benchmark choose their code by that, and everything runs at full speed. x64 Linux with gdb and
# objdump. Options go to the benchmark, for instance --model F.onnx.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
for tool in gdb objdump; do
    command -v "$tool" > /dev/null || { echo "without-vnni: $tool is missing" >&2; exit 2; }
done
cd "$here/../.."
dotnet build -c Release benchmarks/EdgeML.Benchmarks -v q
gdb -q -batch -nx -x "$here/hide.py" --args dotnet benchmarks/EdgeML.Benchmarks/bin/Release/net10.0/EdgeML.Benchmarks.dll --int8 "$@"
