// What tests say to the double of ONNX Runtime: environments alone, of which there is one at a time, as in the
// original.
#pragma once

#include "edgeml/edgeml.h"

extern "C" {

// The next environment that is released takes its time: until another one is asked for, which is refused while this one
// is there, or `milliseconds` have passed.
EDGEML_API void fake_ort_hold_next_release(int milliseconds);
// Blocks until that release has begun.
EDGEML_API void fake_ort_wait_for_release();
// Whether other code of the process has made the environment, without a pool for all sessions.
EDGEML_API void fake_ort_have_host(int present);
// Environments asked for while another one was there.
EDGEML_API int fake_ort_refused();
}
