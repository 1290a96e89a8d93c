#!/bin/sh
# The native tests under AddressSanitizer and UBSan, then the CUDA layer's and the TensorRT backend's under ThreadSanitizer:
# native/tests/sanitized.sh. Prints what each ran. The TensorRT plug-ins take part where EDGEML_TENSORRT_HEADERS names header
# sets.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
status=0
for kind in sanitize thread; do
    option=--sanitize
    [ $kind = sanitize ] || option=--threads
    "$here/run.sh" $option || status=1
    echo "$option:"
    grep -hE 'made, run and destroyed|_tests.*: (passed|FAILED)|ERROR: |WARNING: ThreadSanitizer' \
        "$here/../build-$kind/Testing/Temporary/LastTest.log" || status=1
done
exit $status
