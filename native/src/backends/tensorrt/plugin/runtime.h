// The TensorRT libraries of this process and the functions looked up in them by name.
#pragma once

#include "messages.h"

#include <memory>
#include <mutex>

struct edgeml_trt_runtime {
    edgeml_trt_runtime(const char *infer_path, const char *parser_path, edgeml_log_fn log, void *log_user);

    const edgeml::trt::Listening listening; // also while the members below are made and destroyed
    edgeml_trt_version version{};
    std::unique_ptr<nvinfer1::IRuntime> runtime;
    void *(*create_builder)(void *logger, int32_t version) = nullptr;
    void *(*create_parser)(void *network, void *logger, int version) = nullptr; // null without a parser library
    std::mutex building; // builds disturb each other's timing of tactics
};

struct edgeml_trt_blob {
    explicit edgeml_trt_blob(nvinfer1::IHostMemory *given) : memory(given) {}
    std::unique_ptr<nvinfer1::IHostMemory> memory;
};

namespace edgeml::trt {

void build(edgeml_trt_runtime &runtime, const edgeml_trt_build_desc &desc, std::unique_ptr<edgeml_trt_blob> &plan,
           std::unique_ptr<edgeml_trt_blob> *timing_cache);

} // namespace edgeml::trt
