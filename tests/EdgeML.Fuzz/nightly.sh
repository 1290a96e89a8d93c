#!/usr/bin/env bash
# Fuzzes every target with AFL++ on code that SharpFuzz has instrumented, and prints executions, coverage and finds of each.
# usage: tests/EdgeML.Fuzz/nightly.sh [--keep] [MINUTES] [TARGET...]
#   MINUTES  in all, divided between the targets; 60 if not given
#   --keep   puts the smallest inputs that reached new code into the corpus of the repository
# Inputs, finds and logs go to TestResults/fuzz, or where EDGEML_FUZZ_OUT says. A find ends it with 1, at the end.
set -euo pipefail
cd "$(dirname "$0")/../.."
project=tests/EdgeML.Fuzz kept_each=12 kept_bytes=600

keep=false minutes=60 names=()
for word in "$@"; do
    case $word in
        --keep) keep=true ;;
        *[!0-9]*) names+=("$word") ;;
        *) minutes=$word ;;
    esac
done

command -v afl-fuzz > /dev/null || { echo "afl-fuzz is missing (Debian: apt-get install afl++)" >&2; exit 2; }
dotnet tool list | grep -qi sharpfuzz.commandline && dotnet tool run sharpfuzz 2>&1 | grep -qvi "restore" \
    || { echo "the tool sharpfuzz is missing (dotnet tool restore)" >&2; exit 2; }

out=${EDGEML_FUZZ_OUT:-TestResults/fuzz}
mkdir -p "$out/finds"
dotnet build "$project" -c Release > "$out/build.log" || { cat "$out/build.log" >&2; exit 2; }
built=$project/bin/Release/net10.0
rm -rf "$out/bin"
cp -r "$built" "$out/bin"
for assembly in EdgeML.Native EdgeML.Server EdgeML.Training EdgeML.Simulation; do dotnet tool run sharpfuzz "$out/bin/$assembly.dll"; done

[ ${#names[@]} -gt 0 ] || mapfile -t names < <(dotnet "$built/EdgeML.Fuzz.dll" list | cut -f1)
seconds=$((minutes * 60 / ${#names[@]}))
[ "$seconds" -ge 5 ] || { echo "$minutes minutes are too few for ${#names[@]} targets" >&2; exit 2; }

shm=/dev/shm
[ -w "$shm" ] || shm=${TMPDIR:-/tmp}
EDGEML_FUZZ_SCRATCH=$(mktemp -d "$shm/edgeml-fuzz-XXXXXX")
export EDGEML_FUZZ_SCRATCH
trap 'rm -rf "$EDGEML_FUZZ_SCRATCH"' EXIT
# AFL++ looks for its own marks in programs it starts, and warns about settings of the machine that cost speed only.
export AFL_SKIP_BIN_CHECK=1 AFL_NO_UI=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_NO_AFFINITY=1 AFL_QUIET=1

stat() { sed -n "s/^$1 *: *//p" "$out/$target/default/fuzzer_stats"; }
found=0
printf '%-12s %12s %9s %9s %7s %6s\n' target executions 'a second' coverage inputs finds
for target in "${names[@]}"; do
    rm -rf "${out:?}/$target"
    if ! nice -n 15 afl-fuzz -i "$project/corpus/$target" -o "$out/$target" -t 10000 -m none -V "$seconds" -- \
        /usr/bin/env dotnet "$out/bin/EdgeML.Fuzz.dll" "$target" --afl > "$out/$target.log" 2>&1; then
        echo "$target: afl-fuzz failed, see $out/$target.log"
        found=1
        continue
    fi
    finds=$(($(stat saved_crashes) + $(stat saved_hangs)))
    printf '%-12s %12s %9.0f %9s %7s %6s\n' \
        "$target" "$(stat execs_done)" "$(stat execs_per_sec)" "$(stat bitmap_cvg)" "$(stat corpus_count)" "$finds"
    for find in "$out/$target"/default/crashes/id* "$out/$target"/default/hangs/id*; do
        [ -f "$find" ] || continue
        found=1
        copy=$out/finds/$target-$(sha256sum "$find" | cut -c1-12)
        cp "$find" "$copy"
        echo "  $copy: $(timeout 60 dotnet "$built/EdgeML.Fuzz.dll" "$target" --file "$copy" 2>&1 | head -1 || true)"
    done
    if $keep; then
        # AFL++ marks what reached new code; the smallest say most in least.
        find "$out/$target/default/queue" -name 'id*+cov*' -size -"$kept_bytes"c -printf '%s %p\n' | sort -n | head -n "$kept_each" | cut -d' ' -f2- \
            | while read -r input; do cp "$input" "$project/corpus/$target/$(sha256sum "$input" | cut -c1-12)"; done
    fi
done
exit "$found"
