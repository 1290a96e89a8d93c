#!/bin/bash
# Makes demo.png beside this file, and prints the README's table, from one run of the demo. Nothing else should run meanwhile.
#   docs/images/demo.sh [SEED]
# Needs what a build needs, Chromium (or Chrome, named by BROWSER) and jq.
set -euo pipefail
cd "$(dirname "$0")/../.."
seed=${1:-1}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

browser=${BROWSER:-}
for name in chromium chromium-browser google-chrome; do
    [ -n "$browser" ] || browser=$(command -v "$name" || true)
done
[ -n "$browser" ] || { echo "demo.sh: no Chromium found; BROWSER may name one" >&2; exit 1; }
command -v jq > "$work/jq" || { echo "demo.sh: jq is not installed" >&2; exit 1; }

dotnet build -c Release -v quiet src/EdgeML.Cli >&2
dotnet src/EdgeML.Cli/bin/Release/net10.0/edgeml.dll demo --quick --seed "$seed" --report "$work/demo.html" --json "$work/demo.json" >&2

# Title, table and the first chart.
awk '{ print } /<\/section>/ && ++n == 2 { exit }' "$work/demo.html" > "$work/picture.html"
root=(); [ "$(id -u)" -ne 0 ] || root=(--no-sandbox)
"$browser" --headless=new "${root[@]}" --disable-gpu --hide-scrollbars --blink-settings=preferredColorScheme=1 \
    --user-data-dir="$work/profile" --window-size=1080,1010 --screenshot="$work/demo.png" "file://$work/picture.html" > "$work/browser.log" 2>&1 \
    || { cat "$work/browser.log" >&2; exit 1; }
mv "$work/demo.png" docs/images/demo.png
echo "docs/images/demo.png: seed $seed" >&2

jq -r '
    def percent: . * 1000 | round / 10 | tostring | if contains(".") then . else . + ".0" end | . + " %";
    def joules: (. * 1000 | round) as $mj | "\($mj / 1000 | floor).\("00\($mj % 1000)"[-3:])";
    {"edgeml": "`edgeml`", "ddpg-cold": "the paper\u0027s DDPG, untrained at the start", "edge-only": "whole network on the edge",
     "tail-only": "every input sent to the tail", "best-fixed": "best fixed policy, with hindsight"} as $names
    | "| controller | satisfied | goodput | accuracy | p50 ms | p99 ms | J per task |", "|---|---|---|---|---|---|---|",
      (.rows[] | "| \($names[.name] // .name) | \(.satisfaction | percent) | \(.goodput | percent) | \(.accuracy | percent)"
        + " | \(.latencyMs.p50 | round) | \(.latencyMs.p99 | round) | \(.energyJ | joules) |")
    ' "$work/demo.json"
