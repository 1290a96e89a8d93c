#!/usr/bin/env bash
# Real families of networks, prepared and compared with the untouched model at every candidate cut. README.md says what it needs.
# usage: run.sh [--only NAME,...] [--keep DIR] [--markdown FILE]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PYTHON:-/usr/bin/python3}
export EDGEML_DLL=${EDGEML_DLL:-$root/src/EdgeML.Cli/bin/Release/net10.0/edgeml.dll}
[ -f "$EDGEML_DLL" ] || dotnet build -c Release "$root/src/EdgeML.Cli" -v q
"$python" -c 'import numpy, onnx, torch, torchvision' || {
    echo "families: $python needs numpy, onnx, torch and torchvision (Debian: python3-onnx python3-torch python3-torchvision)" >&2
    exit 2
}
if [ -z "${ORT_NODE:-}" ]; then
    modules=$(mktemp -d)
    trap 'rm -rf "$modules"' EXIT
    npm install --silent --ignore-scripts --prefix "$modules" onnxruntime-node@1.30.0
    export ORT_NODE=$modules/node_modules/onnxruntime-node
fi
"$python" "$here/families.py" "$@"
