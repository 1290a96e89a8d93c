#!/bin/sh
# Compiles the TensorRT plug-in against a folder of header sets and prints a table: build/check-tensorrt-headers.sh DIR
# A set is a folder of DIR with NvInfer.h and NvOnnxParser.h in it or in its include/; build/get-tensorrt-headers.sh makes
# such a folder. No TensorRT library and no CUDA is needed. Every file is compiled with warnings as errors, the result is
# linked without TensorRT, and may export the entry function alone. Exit status 1 when a set fails, 2 when there is none.
set -eu
[ $# = 1 ] && [ -d "$1" ] || { echo "usage: build/check-tensorrt-headers.sh DIR" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
source="$root/native/src/backends/tensorrt"
cxx=${CXX:-g++}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
flags="-std=c++20 -Wall -Wextra -Wpedantic -Werror -fPIC -fvisibility=hidden -fvisibility-inlines-hidden"

echo "$($cxx --version | head -n 1)"
echo "flags: $flags"
echo
printf '%-10s  %-12s  %-8s  %-8s  %-9s  %s\n' set version compiled linked undefined exports
sets=0
failed=0
for folder in $(ls -d "$1"/*/ | sort -V); do
    headers=${folder%/}
    name=$(basename "$headers")
    [ -f "$headers/NvInferVersion.h" ] || headers="$headers/include"
    [ -f "$headers/NvInferVersion.h" ] || continue
    sets=$((sets + 1))
    version=$(printf '#include <NvInferVersion.h>\nNV_TENSORRT_MAJOR NV_TENSORRT_MINOR NV_TENSORRT_PATCH NV_TENSORRT_BUILD\n' |
        $cxx -E -P -x c++ -isystem "$headers" - | tail -n 1 | tr ' ' .)
    compiled=yes
    objects=
    for file in "$source"/plugin/*.cpp; do
        object="$work/$(basename "$file" .cpp).o"
        # shellcheck disable=SC2086
        if ! $cxx $flags -DEDGEML_TRT_MAJOR="${version%%.*}" -I "$root/native/include" -isystem "$headers" \
            -isystem "$source/compat" -c "$file" -o "$object" 2>"$work/log"; then
            compiled=no
            cat "$work/log" >&2
            break
        fi
        objects="$objects $object"
    done
    linked=- undefined=- exports=-
    if [ $compiled = yes ]; then
        linked=yes
        # shellcheck disable=SC2086
        $cxx -shared $objects -o "$work/plugin.so" -Wl,--no-undefined -Wl,--version-script="$source/plugin/plugin.map" \
            -ldl 2>"$work/log" || { linked=no; cat "$work/log" >&2; }
    fi
    if [ $linked = yes ]; then
        undefined=$(nm -uC "$work/plugin.so" | grep -ciE 'nvinfer|nvonnx|createInfer|getInfer|cuda' || true)
        exports=$(nm -D --defined-only "$work/plugin.so" | awk '{ print $3 }' | tr '\n' ' ')
    fi
    printf '%-10s  %-12s  %-8s  %-8s  %-9s  %s\n' "$name" "$version" $compiled $linked $undefined "$exports"
    [ $linked = yes ] && [ "$undefined" = 0 ] && [ "$exports" = "edgeml_trt_entry " ] || failed=$((failed + 1))
done
[ $sets -gt 0 ] || { echo "no header set under $1" >&2; exit 2; }
echo
echo "$sets sets, $failed failed"
[ $failed = 0 ]
