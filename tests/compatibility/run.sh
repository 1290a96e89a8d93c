#!/usr/bin/env bash
# An edge of an earlier build with a tail of this one, and the reverse: tests/compatibility/run.sh [COMMIT]
# The earlier commit is built in a temporary worktree. Its build takes ONNX Runtime from npm; where that cannot run, EDGEML_ONNXRUNTIME
# names a library, or the one of this build is taken. Every task must be answered by the tail, as the network on the device answers it.
set -euo pipefail
cd "$(dirname "$0")/../.."
commit=${1:-0ef1075} root=$PWD work=$(mktemp -d) tail= failures=0
stop() {
    if [ -n "$tail" ]; then kill -TERM "$tail" 2> /dev/null && wait "$tail" || true; fi
    tail=
}
cleanup() {
    stop
    git worktree remove --force "$work/old" 2> /dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
fail() { echo "compatibility: $*" >&2; exit 1; }

dotnet build src/EdgeML.Cli -c Release -v q > "$work/new.log" || { cat "$work/new.log" >&2; fail "this build failed"; }
git worktree add --quiet --detach "$work/old" "$commit"
if [ -z "${EDGEML_ONNXRUNTIME:-}" ] && ! command -v npm > /dev/null; then
    EDGEML_ONNXRUNTIME=$(find "$root/src/EdgeML.Cli/bin/Release/net10.0/runtimes" -name 'libonnxruntime*' | head -1)
    export EDGEML_ONNXRUNTIME
fi
(cd "$work/old" && dotnet build src/EdgeML.Cli -c Release -v q) > "$work/old.log" || { cat "$work/old.log" >&2; fail "the build of $commit failed"; }
unset EDGEML_ONNXRUNTIME

declare -A assembly=([new]=$root/src/EdgeML.Cli/bin/Release/net10.0/edgeml.dll [old]=$work/old/src/EdgeML.Cli/bin/Release/net10.0/edgeml.dll)
count=100 data=shapes:seed=11,difficulty=mixed thresholds=0.3,0.3,0.3
edgeml() { # build, arguments
    dotnet "${assembly[$1]}" "${@:2}"
}
for build in old new; do
    edgeml "$build" prepare "$root/models/shapes-vgg.onnx" --out "$work/$build.package" > /dev/null
    edgeml "$build" run --model "$work/$build.package" --data "$data" --count "$count" --thresholds "$thresholds" --cut local \
        --logits "$work/$build.alone" > /dev/null
done

serve() { # build; sets address
    mkfifo "$work/listening"
    dotnet "${assembly[$1]}" tail --model "$work/$1.package" --listen 127.0.0.1:0 > "$work/listening" &
    tail=$!
    read -r word address < "$work/listening"
    rm "$work/listening"
    [ "$word" = listening ] || fail "the $1 tail says $word $address"
}

largest_difference() { # two files of float32
    paste <(od -An -v -tf4 -w4 "$1") <(od -An -v -tf4 -w4 "$2") |
        awk 'NF != 2 { bad = 1 } { d = $1 - $2; if (d < 0) d = -d; if (d > most) most = d } END { print bad ? "inf" : most + 0 }'
}

# edge and tail
for pairing in "old new" "new old" "new new"; do
    read -r edge served <<< "$pairing"
    serve "$served"
    for cut in 0 2 4; do
        edgeml "$edge" run --model "$work/$edge.package" --data "$data" --count "$count" --thresholds "$thresholds" --cut "$cut" \
            --tail "$address" --deadline-ms 60000 --logits "$work/logits" --json "$work/run.json" > /dev/null
        said=$(tr -d ' \n' < "$work/run.json" | grep -o '"local":[0-9]*,"offloaded":[0-9]*,"fallbacks":[0-9]*')
        difference=$(largest_difference "$work/logits" "$work/$edge.alone")
        verdict=same
        case $said in *'"offloaded":0,'* | *'"fallbacks":'[1-9]*) verdict=DIFFERENT ;; esac
        awk -v d="$difference" 'BEGIN { exit !(d == "inf" || d > 1e-4) }' && verdict=DIFFERENT
        [ "$verdict" = same ] || failures=$((failures + 1))
        echo "$edge edge, $served tail, cut $cut: $verdict answers, largest difference of a logit $difference ($(tr -d '"' <<< "$said"))"
    done
    stop
done
[ "$failures" -eq 0 ] || fail "$failures pairings differ"
