#!/bin/bash
# Is the tail ready? healthcheck.sh HOST PORT asks /readyz; bash alone, because the image has no HTTP client.
set -eu
exec 3<> "/dev/tcp/$1/$2"
printf 'GET /readyz HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" >&3
read -r _ status _ <&3
[ "$status" = 200 ]
