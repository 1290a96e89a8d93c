#!/bin/sh
# Collects TensorRT's public header sets for build/check-tensorrt-headers.sh: build/get-tensorrt-headers.sh DIR
# Takes every release from 10.3 on out of the public repository NVIDIA/TensorRT. Releases before 10.14 do not carry
# NvOnnxParser.h; theirs is the one of onnx/onnx-tensorrt, whose newest public header is that of 10.1 (the classes only
# grew since). Sources may be replaced by other addresses or by local git folders:
#   EDGEML_TENSORRT_GIT, EDGEML_ONNX_TENSORRT_GIT
# The headers are NVIDIA's under the Apache License 2.0; nothing of them belongs into this repository.
set -eu
[ $# = 1 ] || { echo "usage: build/get-tensorrt-headers.sh DIR" >&2; exit 2; }
mkdir -p "$1"
into=$(cd "$1" && pwd)
tensorrt=${EDGEML_TENSORRT_GIT:-https://github.com/NVIDIA/TensorRT.git}
parser=${EDGEML_ONNX_TENSORRT_GIT:-https://github.com/onnx/onnx-tensorrt.git}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A folder is used where it is; anything else is fetched without the contents of files, which follow on demand.
repository() {
    [ -d "$1" ] && { echo "$1"; return; }
    git clone --quiet --bare --filter=blob:none "$1" "$work/$2"
    echo "$work/$2"
}
tensorrt=$(repository "$tensorrt" tensorrt)
parser=$(repository "$parser" parser)

for tag in $(git --git-dir="$tensorrt" tag --list 'v1[0-9].*' | sort -V); do
    version=${tag#v}
    case $version in 10.[0-2] | 10.[0-2].*) continue ;; esac
    set="$into/$version"
    mkdir -p "$set"
    git --git-dir="$tensorrt" archive "$tag" include | tar x -C "$set" --strip-components=1
    origin=own
    if [ ! -f "$set/NvOnnxParser.h" ]; then
        git --git-dir="$parser" show 10.1-GA:NvOnnxParser.h >"$set/NvOnnxParser.h"
        origin="onnx-tensorrt 10.1-GA"
    fi
    echo "$version  parser header: $origin"
done
