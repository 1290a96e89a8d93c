#!/bin/sh
# Writes the PTX texts from kernels.cu, or with --check compares them with what this compiler makes.
# Needs clang 14 with the NVPTX target (CLANG names another one) and no CUDA toolkit. The texts are committed; another
# version of clang may order instructions differently, so --check says so and succeeds when the version is another one.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
native="$here/../../.."
bench="$native/../benchmarks/gpu"
clang=${CLANG:-clang-14}
if ! command -v "$clang" >/dev/null || ! "$clang" --print-targets | grep -q nvptx64; then
    echo "generate.sh: $clang with the NVPTX target is not here, nothing compared"
    exit 77
fi

compile() { # source, output, extra options
    source=$1 output=$2
    shift 2
    # sm_70: st.release.sys. PTX 6.0 is its first version; every driver from CUDA 11.4 on translates it for newer GPUs.
    "$clang" -x cuda --cuda-device-only --cuda-gpu-arch=sm_70 -nocudainc -nocudalib \
        -Xclang -target-feature -Xclang +ptx60 -std=c++20 -O2 -ffp-contract=off -fno-exceptions -fno-rtti \
        -fno-unroll-loops -Wall -Wextra -Wno-unknown-cuda-version -I"$native/src" -S "$source" -o "$output.raw" "$@"
    # The comments name the compiler's build and source lines.
    sed -e 's,[[:space:]]*//.*$,,' -e '/^$/N;/^\n$/D' "$output.raw" >"$output"
    rm "$output.raw"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
compile "$here/kernels.cu" "$work/exit_basic.ptx"
compile "$here/kernels.cu" "$work/exit_graph.ptx" -DEDGEML_CONDITIONAL
for name in standin layers; do
    compile "$bench/$name.cu" "$work/$name.ptx"
done

status=0
for name in exit_basic exit_graph standin layers; do
    target="$here/$name.ptx"
    [ -f "$target" ] || target="$bench/$name.ptx"
    if [ "${1:-}" != --check ]; then
        cp "$work/$name.ptx" "$target"
    elif ! cmp -s "$work/$name.ptx" "$target"; then
        echo "generate.sh: $target is not what $clang makes of its source; run generate.sh and commit"
        status=1
    fi
done
exit $status
