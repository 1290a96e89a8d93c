// TensorRT's headers, of the major this plug-in is compiled for.
#pragma once

#include <NvInfer.h>
#include <NvOnnxParser.h>

#if !defined(EDGEML_TRT_MAJOR)
#error "EDGEML_TRT_MAJOR is not set"
#endif

static_assert(NV_TENSORRT_MAJOR == EDGEML_TRT_MAJOR, "these headers are of another TensorRT major");
// 10.3 is the release of JetPack 6.1; older releases lack functions used here.
static_assert(EDGEML_TRT_MAJOR > 10 || NV_TENSORRT_MINOR >= 3, "TensorRT 10.3 or later is needed");
