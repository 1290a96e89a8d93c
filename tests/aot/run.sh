#!/usr/bin/env bash
# Publishes edgeml ahead of time for this machine and uses it as an installed command: away from the source tree, without .NET and
# without OpenSSL, which an image of a device may lack. EDGEML_EXECUTABLE names one that is published already.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD work=$(mktemp -d) tail=
cleanup() {
    if [ -n "$tail" ]; then kill "$tail" 2> /dev/null || true; fi
    rm -rf "$work"
}
trap cleanup EXIT
fail() { echo "aot: $*" >&2; exit 1; }
says() { # file of JSON, pattern over it without blanks
    tr -d ' \n' < "$1" | grep -q "$2" || fail "$1 is $(head -c 600 "$1")"
}

if [ -n "${EDGEML_EXECUTABLE:-}" ]; then
    cp -r "$(dirname "$EDGEML_EXECUTABLE")" "$work/edgeml"
else
    architecture=$(uname -m | sed 's/x86_64/x64/; s/aarch64/arm64/')
    dotnet publish src/EdgeML.Cli -c Release -r "linux-$architecture" -o "$work/edgeml" 2>&1 | tee "$work/publish.log"
    if grep -E 'warning' "$work/publish.log"; then fail "the publish warns"; fi
fi
[ ! -e "$work/edgeml/edgeml.dll" ] || fail "the publish left an assembly, not an executable"

# The loader takes the first file of a name, and these are no libraries. dotnet is out of reach with an empty PATH.
mkdir "$work/without" "$work/cache"
for version in 3 1.1 1.0.2 1.0.0 10; do touch "$work/without/libssl.so.$version" "$work/without/libcrypto.so.$version"; done
edgeml=(env -i "LD_LIBRARY_PATH=$work/without" "HOME=$work/cache" PATH= "$work/edgeml/edgeml")
cd "$work"

"${edgeml[@]}" doctor > doctor.txt
grep -q "shipped model *$work/edgeml/models/shapes-vgg.onnx" doctor.txt || fail "the shipped model is not the installed one: $(cat doctor.txt)"
grep -q "libedgeml .*from $work/edgeml/" doctor.txt || fail "libedgeml is not the installed one: $(cat doctor.txt)"

"${edgeml[@]}" prepare edgeml/models/shapes-vgg.onnx --out package
"${edgeml[@]}" inspect package --json inspect.json
says inspect.json '^{"name":"shapes-vgg","hash":"sha256:[0-9a-f]\{64\}","input":{"shape":\[3,96,96\],"type":"float32",.*"classes":10,.*"units":\[{"index":1,'

data=shapes:seed=1,difficulty=mixed
"${edgeml[@]}" run --model package --data "$data" --count 20 --thresholds 0.5,0.5,0.5 --json local.json --logits local.bin
says local.json '^{"tasks":20,.*"local":20,"offloaded":0,"fallbacks":0'

mkfifo listening
"${edgeml[@]}" tail --model package --listen 127.0.0.1:0 > listening &
tail=$!
read -r word address < listening
[ "$word" = listening ] || fail "the tail says $word $address"
"${edgeml[@]}" run --model package --data "$data" --count 1 --cut 0 --tail "$address" --json offloaded.json --logits offloaded.bin
says offloaded.json '^{"tasks":1,.*"local":0,"offloaded":1,"fallbacks":0'
kill -TERM "$tail"
wait "$tail" || fail "the tail ended with exit code $?"
tail=

"${edgeml[@]}" serve --model shapes=package --check --max-batch 2 --json serve.json > /dev/null
says serve.json '"models":{"shapes":\["[^"]*/package"\]},.*"maxBatch":2,'
"${edgeml[@]}" serve --config serve.json --check > /dev/null || fail "the configuration that serve writes is refused"

# The same answers as the portable build, to the bit: the network is computed by the same library.
portable="$root/src/EdgeML.Cli/bin/Release/net10.0/edgeml.dll"
if [ -f "$portable" ]; then
    dotnet "$portable" run --model package --data "$data" --count 20 --thresholds 0.5,0.5,0.5 --logits portable.bin > /dev/null
    cmp local.bin portable.bin || fail "logits differ from those of the portable build"
    dotnet "$portable" inspect package --json portable.json > /dev/null
    cmp inspect.json portable.json || fail "inspect --json differs from the portable build's"
fi

# Only signatures and encryption need OpenSSL, and they say so.
cat > key.pub.pem <<'KEY'
-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE0mi7XSNWWE3Xo5adNRbU9kl3pvjb
zfzf6EajQt1takccGGTDAP4yjgb6Td71ncYJWmmNuGMCS7+JW6Q+0oGkkg==
-----END PUBLIC KEY-----
KEY
code=0
"${edgeml[@]}" inspect package --trusted-key key.pub.pem > /dev/null 2> refused.txt || code=$?
[ "$code" = 1 ] && [ "$(wc -l < refused.txt)" = 1 ] && grep -q 'needs OpenSSL' refused.txt ||
    fail "a signature without OpenSSL ended with $code: $(cat refused.txt)"

# Pictures are decoded by a library of their own.
printf 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC' | base64 -d > dot.png
mkdir -p pictures/0 && cp dot.png pictures/0/
"${edgeml[@]}" run --model package --data images:pictures --count 1 --json picture.json || fail "a picture cannot be read"
says picture.json '^{"tasks":1,'
echo "aot: published, installed, prepared, ran, offloaded"
