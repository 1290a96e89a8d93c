#!/bin/sh
# Lists anew what is public of each library, in PublicAPI.Unshipped.txt: build/public-api.sh [--ship]
# --ship, at a release: what is unshipped becomes shipped. A shipped member that is gone stays an error (RS0017) until its line is
# taken out of PublicAPI.Shipped.txt.
set -eu
cd "$(dirname "$0")/.."
for library in EdgeML.Native.Interop EdgeML.Native EdgeML.Training EdgeML.Simulation EdgeML.Server EdgeML.Server.Http; do
    shipped=src/$library/PublicAPI.Shipped.txt unshipped=src/$library/PublicAPI.Unshipped.txt
    [ -f "$shipped" ] || echo '#nullable enable' >"$shipped"
    echo '#nullable enable' >"$unshipped"
    dotnet format analyzers "src/$library" --diagnostics RS0016 --severity warn
    if [ "${1:-}" = --ship ]; then
        { echo "#nullable enable" && cat "$shipped" "$unshipped" | grep -v '^#' | LC_ALL=C sort -u; } >"$shipped.new"
        mv "$shipped.new" "$shipped"
        echo '#nullable enable' >"$unshipped"
    fi
    echo "$library: $(sed 1d "$shipped" | wc -l) shipped, $(sed 1d "$unshipped" | wc -l) unshipped"
done
