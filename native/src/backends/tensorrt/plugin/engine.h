#pragma once

#include "runtime.h"

#include <vector>

struct edgeml_trt_engine {
    edgeml_trt_engine(edgeml_trt_runtime &runtime, const void *plan, std::size_t bytes);

    std::unique_ptr<nvinfer1::ICudaEngine> engine;
    std::vector<edgeml_trt_tensor> tensors;
};

struct edgeml_trt_context {
    edgeml_trt_context(edgeml_trt_engine &engine, uint64_t scratch, uint64_t scratch_bytes, const uint64_t *addresses);

    std::unique_ptr<nvinfer1::IExecutionContext> context;
};
