#!/bin/bash
# The ahead-of-time compiled edgeml for linux-arm64 beside the one of this x64 machine: tests/arm64/run.sh [FOLDER]
# Cross-compiles it, and under user-mode emulation prepares the shipped model, answers 200 inputs with exits, and answers 40 with
# an x64 tail. Exits must be equal, logits within 1e-4. FOLDER is a finished publish, and is tested as it is. Installs what is
# missing where apt-get can (as root); says "skipped: REASON" where something cannot be had. Emulated times mean nothing.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
inputs=200 offloaded=40 tolerance=1e-4
work=$(mktemp -d)
tail=
cleanup() {
    [ -z "$tail" ] || { kill "$tail" && wait "$tail"; } 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
skip() { echo "skipped: $*"; exit 0; }
fail() { echo "arm64: $*" >&2; exit 1; }
quietly() { "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$* failed"; }; }

[ "$(uname -m)" = x86_64 ] || skip "not an x64 machine"

packages=()
need() { command -v "$1" >/dev/null || packages+=("$2"); } # tool, Debian package
need qemu-aarch64-static qemu-user-static
need aarch64-linux-gnu-g++ g++-aarch64-linux-gnu
[ -e /usr/aarch64-linux-gnu/include/stdlib.h ] || packages+=(libc6-dev-arm64-cross)
[ $# -gt 0 ] || { need clang clang; need ld.lld lld; }
if [ ${#packages[@]} -gt 0 ]; then
    command -v apt-get >/dev/null || skip "${packages[*]} missing, and no apt-get to install them"
    [ "$(id -u)" = 0 ] || skip "${packages[*]} missing; apt-get install needs root"
    { apt-get update -qq && apt-get install -y -qq "${packages[@]}"; } >"$work/log" 2>&1 ||
        skip "apt-get cannot install ${packages[*]}: $(tail -n 1 "$work/log")"
fi

# ONNX Runtime reads the processor's features from /proc/cpuinfo, which is this machine's under user-mode emulation, and does not
# survive them. So it gets another one, in a mount namespace of its own.
for n in 0 1; do
    printf 'processor\t: %s\nBogoMIPS\t: 100.00\nFeatures\t: fp asimd evtstrm aes pmull sha1 sha2 crc32 cpuid\n' $n
    printf 'CPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x1\nCPU part\t: 0xd07\nCPU revision\t: 0\n\n'
done >"$work/cpuinfo"
namespace=(unshare --mount)
[ "$(id -u)" = 0 ] || namespace=(unshare --user --map-root-user --mount)
"${namespace[@]}" mount --bind "$work/cpuinfo" /proc/cpuinfo 2>/dev/null || skip "no mount namespace of one's own here"

emulated() {
    # shellcheck disable=SC2016 # expanded by the inner shell
    "${namespace[@]}" sh -c 'mount --bind "$1" /proc/cpuinfo && shift && exec "$@"' sh "$work/cpuinfo" \
        qemu-aarch64-static -cpu cortex-a57 -L /usr/aarch64-linux-gnu "$published/edgeml" "$@"
}
local_dll="$root/src/EdgeML.Cli/bin/Release/net10.0/edgeml.dll"
[ -f "$local_dll" ] || quietly dotnet build "$root/src/EdgeML.Cli" -c Release -v q
native() { dotnet "$local_dll" "$@"; }

if [ $# -gt 0 ]; then
    published=$(cd "$1" && pwd)
else
    published="$work/edgeml"
    quietly dotnet publish "$root/src/EdgeML.Cli" -c Release -r linux-arm64 -o "$published" -v q
fi
file=$(head -c 20 "$published/edgeml" | od -An -t x1 -j 18 -N 2 | tr -d ' ')
[ "$file" = b700 ] || fail "$published/edgeml is not an arm64 executable"

model="$root/models/shapes-vgg.onnx"
quietly native prepare "$model" --out "$work/x64"
quietly emulated prepare "$model" --out "$work/arm64"

# x64 answers, arm64 answers: exits equal, and the largest difference of a logit in $difference.
compare() {
    cut -d, -f5 "$work/$1.csv" >"$work/$1.exits"
    cut -d, -f5 "$work/$2.csv" >"$work/$2.exits"
    head -n 1 "$work/$1.exits" | grep -qx exit || fail "the fifth column of answers is not the exit"
    cmp "$work/$1.exits" "$work/$2.exits" >&2 || fail "exits differ between $1 and $2"
    [ "$(stat -c %s "$work/$1.f32")" = "$(stat -c %s "$work/$2.f32")" ] || fail "$1 and $2 have different numbers of logits"
    difference=$(paste <(od -An -v -t f4 -w4 "$work/$1.f32") <(od -An -v -t f4 -w4 "$work/$2.f32") |
        awk '{ d = $1 - $2; if (d < 0) d = -d; if (!(d <= m)) m = d } END { if (NR == 0) exit 1; print m }')
    awk -v d="$difference" -v t=$tolerance 'BEGIN { exit !(d <= t) }' || fail "logits of $1 and $2 differ by $difference"
}
answer() { # native or emulated, name, package, options...
    local where=$1 name=$2 package=$3
    shift 3
    quietly "$where" run --model "$work/$package" --data shapes:seed=5,difficulty=mixed --thresholds 0.2,0.2,0.2 --threads 1 \
        --answers "$work/$name.csv" --logits "$work/$name.f32" "$@"
}

answer native x64-exits x64 --count $inputs
answer emulated arm64-exits arm64 --count $inputs
compare x64-exits arm64-exits
alone=$difference
exits=$(tail -n +2 "$work/arm64-exits.exits" | sort -n | uniq -c | awk '{ printf "%s%s at exit %s", (NR > 1 ? ", " : ""), $1, $2 }')

# The device in arm64 sends its tensors to a tail in x64; the x64 program does both halves alone.
coproc TAIL { exec dotnet "$local_dll" tail --model "$work/x64" --listen 127.0.0.1:0 2>"$work/tail.log"; }
tail=$TAIL_PID
read -r _ address <&"${TAIL[0]}" || fail "the tail does not start: $(cat "$work/tail.log")"
answer native x64-offload x64 --count $offloaded --cut 6 --codec fp32
answer emulated arm64-offload arm64 --count $offloaded --cut 6 --codec fp32 --tail "$address" --require-tail
compare x64-offload arm64-offload
sent=$(cut -d, -f6 "$work/arm64-offload.csv" | grep -cx tail || true)
[ "$sent" -gt 0 ] || fail "no input was answered by the tail"
if grep -q -e ',fallback,' -e ',standby,' "$work/arm64-offload.csv"; then fail "answers of the edge instead of the tail"; fi

echo "arm64: $inputs inputs with the exits of x64 ($exits), logits within $alone;" \
    "$offloaded inputs with an x64 tail, $sent answered there, logits within $difference"
