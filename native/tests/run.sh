#!/bin/sh
# Builds native/ with its tests and runs them: native/tests/run.sh [--sanitize | --threads]. ONNX Runtime's headers and library
# are those of its NuGet package, unless EDGEML_ONNXRUNTIME names another library. Where EDGEML_TENSORRT_HEADERS names
# header sets (build/get-tensorrt-headers.sh), the TensorRT plug-ins and their doubles are built and tested too.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build="$root/native/build-tests"
jobs=$(getconf _NPROCESSORS_ONLN)
sanitize=OFF
only=
case "${1:-}" in
--sanitize)
    build="$root/native/build-sanitize"
    sanitize=ON
    # ONNX Runtime keeps its schemas and registries for the life of the process, and it is not built with the sanitizers.
    export ASAN_OPTIONS="detect_leaks=1:${ASAN_OPTIONS:-}" LSAN_OPTIONS="suppressions=$root/native/tests/leaks.txt:print_suppressions=0"
    ;;
--threads)
    build="$root/native/build-thread"
    sanitize=thread
    # Where threads meet: chains in parallel over the doubles.
    only="--tests-regex cuda_tests|tensorrt.*_tests"
    targets="cuda_tests tensorrt_tests"
    # ONNX Runtime, which the doubles compute with, is not built with the sanitizer: races.txt names it, and nothing else.
    export TSAN_OPTIONS="suppressions=$root/native/tests/races.txt:${TSAN_OPTIONS:-}"
    ;;
esac
# Says where they are; asks NuGet for them where they are not.
dotnet msbuild "$root/src/EdgeML.Native.Interop" -restore -target:LocateOnnxRuntime -verbosity:quiet -nologo
# Without precompiled headers, so that a file that lacks an include fails here.
cmake -S "$root" -B "$build" -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo -DEDGEML_TESTS=ON -DEDGEML_SANITIZE=$sanitize \
    -DEDGEML_ONNXRUNTIME="${EDGEML_ONNXRUNTIME:-}" -DEDGEML_TENSORRT_HEADERS="${EDGEML_TENSORRT_HEADERS:-}" >/dev/null
if [ -n "$only" ]; then
    # shellcheck disable=SC2086 # several words
    cmake --build "$build" --parallel "$jobs" --target $targets
else
    cmake --build "$build" --parallel "$jobs"
fi
# shellcheck disable=SC2086 # two words
exec ctest --test-dir "$build" --output-on-failure $only
