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
// What it has of the providers for GPUs.
enum fake_ort_providers { FAKE_ORT_NONE, FAKE_ORT_UNLOADABLE, FAKE_ORT_WITHOUT_DEVICE, FAKE_ORT_USABLE };
EDGEML_API void fake_ort_have_providers(int providers);
// Options of providers, and providers of the session options in use, in order: "device_id=0 use_tf32=0 | cuda".
EDGEML_API const char *fake_ort_providers_used();
// Environments asked for while another one was there.
EDGEML_API int fake_ort_refused();
}
