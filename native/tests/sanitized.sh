#!/bin/sh
# The native tests under AddressSanitizer and UBSan.
exec "$(dirname "$0")/run.sh" --sanitize
