#!/bin/sh
# The native tests under AddressSanitizer and UBSan, then the CUDA layer's under ThreadSanitizer.
set -eu
here=$(dirname "$0")
"$here/run.sh" --sanitize
"$here/run.sh" --threads
