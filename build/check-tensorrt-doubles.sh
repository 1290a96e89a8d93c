#!/bin/sh
# Runs packages through the TensorRT plug-ins on doubles of TensorRT and of the CUDA driver, and prints how their answers
# compare with the CPU backend's: build/check-tensorrt-doubles.sh HEADERS
# HEADERS is a folder of header sets, as build/get-tensorrt-headers.sh makes it. For every network, plug-in and place to cut,
# on routes A, B and C: the exits that answered, how many tasks gave the bits of the CPU with the same segments, the largest
# difference of a logit (relative above 1) from the CPU unit by unit, and the managed bytes all measured tasks of a warm
# session allocated. Networks that are not at hand are left out and named. Exit status 1 when anything differs.
set -eu
[ $# = 1 ] && [ -d "$1" ] || { echo "usage: build/check-tensorrt-doubles.sh HEADERS" >&2; exit 2; }
root=$(cd "$(dirname "$0")/.." && pwd)
headers=$(cd "$1" && pwd)
build="$root/native/build-tests"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
dotnet msbuild "$root/src/EdgeML.Native.Interop" -restore -target:LocateOnnxRuntime -verbosity:quiet -nologo
cmake -S "$root" -B "$build" -DCMAKE_BUILD_TYPE=RelWithDebInfo -DEDGEML_TESTS=ON -DEDGEML_SANITIZE=OFF \
    -DEDGEML_TENSORRT_HEADERS="$headers" >"$log" && cmake --build "$build" --parallel "$(getconf _NPROCESSORS_ONLN)" --target tensorrt_tests >>"$log" ||
    { cat "$log" >&2; exit 1; }
sed -n 's/^-- \(TensorRT .* plug-in from headers .*\)$/\1/p' "$log"
status=0
EDGEML_TENSORRT_DOUBLES="$build" dotnet test "$root/tests/EdgeML.Native.Tests" --filter TensorRtMatrix \
    --logger "console;verbosity=detailed" >"$log" 2>&1 || status=1
echo
echo "| network | plug-in | cut | exits | same bits | from the units' logits | managed bytes on A, B, C |"
echo "|---|---|---|---|---|---|---|"
grep -E '^ *\| ' "$log" | sed 's/^ *//' | sort -s -t '|' -k 2,2 -k 3,3n
echo
grep -E '^ *(Passed|Failed|Skipped) |no shared/' "$log" | sed 's/^ *//; s/ \[.*//'
[ $status = 0 ] || grep -E -A 20 'Error Message| error ' "$log" >&2 || tail -n 20 "$log" >&2
exit $status
