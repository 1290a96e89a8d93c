#!/bin/sh
# Builds gpu_bench and measures this machine's GPU: benchmarks/gpu/run.sh [PAGE.md [--quick]]
# Needs CMake, a C++20 compiler and the driver. Without a page's name the page is results/<host>.md here. Where the CUDA
# toolkit's compute-sanitizer is, a quick run under it follows, and its verdict closes the page.
# Ends as gpu_bench does: 0 all answers right, 1 some wrong, or a finding of compute-sanitizer's, 2 no GPU or no build.
# Where compute-sanitizer itself cannot run (some virtual machines), the page says so.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build="$here/../../native/build-gpu"
page=${1:-$here/results/$(uname -n).md}
[ $# = 0 ] || shift
log="$build/build.log"
mkdir -p "$build"
cmake -S "$here" -B "$build" >"$log" 2>&1 && cmake --build "$build" --parallel "$(getconf _NPROCESSORS_ONLN)" >>"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    echo "run.sh: gpu_bench does not build; all of it in $log" >&2
    exit 2
}
status=0
"$build/gpu_bench" --out "$page" "$@" || status=$?
[ $status -ne 2 ] || exit 2
sanitizer=$(command -v compute-sanitizer || ls /usr/local/cuda/bin/compute-sanitizer 2>/dev/null || true)
[ -n "$sanitizer" ] && [ -z "${EDGEML_CUDA_DRIVER:-}" ] || exit $status
printf '\n## compute-sanitizer\n\n' >>"$page"
for tool in memcheck racecheck; do
    timeout 150 "$sanitizer" --tool $tool "$build/gpu_bench" --quick >"$build/$tool.log" 2>&1 || true
    summary=$(grep -oE '(ERROR|RACECHECK) SUMMARY: .*' "$build/$tool.log" | tail -n 1 || true)
    echo "- $tool, \`--quick\`: ${summary:-did not run to its end: $(tail -n 1 "$build/$tool.log")}" | tee -a "$page"
    case $summary in "" | *SUMMARY:\ 0\ *) ;; *) status=1 ;; esac
done
exit $status
