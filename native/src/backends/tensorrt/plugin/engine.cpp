#include "engine.h"

#include "guard.h"
#include "messages.h"

#include <string>

using namespace edgeml::trt;

namespace {

constexpr std::uint64_t address_alignment = 256; // alignment that setTensorAddress requires

std::uint32_t to_dtype(nvinfer1::DataType type) {
    switch (type) {
    case nvinfer1::DataType::kFLOAT:
        return EDGEML_DTYPE_F32;
    case nvinfer1::DataType::kHALF:
        return EDGEML_DTYPE_F16;
    case nvinfer1::DataType::kBF16:
        return EDGEML_DTYPE_BF16;
    case nvinfer1::DataType::kINT8:
        return EDGEML_DTYPE_I8;
    case nvinfer1::DataType::kUINT8:
        return EDGEML_DTYPE_U8;
    case nvinfer1::DataType::kINT32:
        return EDGEML_DTYPE_I32;
    case nvinfer1::DataType::kINT64:
        return EDGEML_DTYPE_I64;
    case nvinfer1::DataType::kBOOL:
        return EDGEML_DTYPE_BOOL;
    default:
        return EDGEML_DTYPE_OTHER;
    }
}

[[noreturn]] void unsupported(const char *name, const std::string &why) {
    throw Failure(EDGEML_E_UNSUPPORTED, std::string("tensor ") + name + " of the plan " + why);
}

edgeml_trt_tensor examine(const nvinfer1::ICudaEngine &engine, const char *name) {
    if (engine.isShapeInferenceIO(name))
        unsupported(name, "is a shape");
    if (engine.getTensorLocation(name) != nvinfer1::TensorLocation::kDEVICE)
        unsupported(name, "lies in host memory");
    if (engine.getTensorFormat(name) != nvinfer1::TensorFormat::kLINEAR)
        unsupported(name, "is not stored in rows");
    edgeml_trt_tensor tensor{};
    tensor.name = name;
    tensor.is_input = engine.getTensorIOMode(name) == nvinfer1::TensorIOMode::kINPUT ? 1 : 0;
    tensor.dtype = to_dtype(engine.getTensorDataType(name));
    if (tensor.dtype == EDGEML_DTYPE_OTHER)
        unsupported(name, "has a type this library does not carry");
    nvinfer1::Dims dims = engine.getTensorShape(name);
    if (dims.nbDims < 0 || dims.nbDims > EDGEML_MAX_RANK)
        unsupported(name, "has rank " + std::to_string(dims.nbDims));
    tensor.rank = static_cast<std::uint32_t>(dims.nbDims);
    for (int32_t d = 0; d < dims.nbDims; ++d) {
        if (dims.d[d] < 0)
            unsupported(name, "has the unknown dimension " + std::to_string(d));
        tensor.dims[d] = dims.d[d];
    }
    return tensor;
}

} // namespace

edgeml_trt_engine::edgeml_trt_engine(edgeml_trt_runtime &runtime, const void *plan, std::size_t bytes) {
    Recorder::instance().clear();
    engine.reset(runtime.runtime->deserializeCudaEngine(plan, bytes));
    if (!engine)
        throw Failure(EDGEML_E_MODEL_REJECTED, explain("TensorRT does not take the plan"));
    for (int32_t i = 0; i < engine->getNbIOTensors(); ++i)
        tensors.push_back(examine(*engine, engine->getIOTensorName(i)));
}

edgeml_trt_context::edgeml_trt_context(edgeml_trt_engine &owner, uint64_t scratch, uint64_t scratch_bytes,
                                       const uint64_t *addresses) {
    Recorder::instance().clear();
    context.reset(owner.engine->createExecutionContext(nvinfer1::ExecutionContextAllocationStrategy::kUSER_MANAGED));
    if (!context)
        throw Failure(EDGEML_E_RUN_FAILED, explain("TensorRT makes no execution context"));
    std::uint64_t needed = static_cast<std::uint64_t>(owner.engine->getDeviceMemorySizeV2());
    if (scratch_bytes < needed)
        throw Failure(EDGEML_E_INVALID_ARGUMENT, "scratch of " + std::to_string(scratch_bytes) +
                                                     " bytes, the engine needs " + std::to_string(needed));
    context->setDeviceMemoryV2(reinterpret_cast<void *>(scratch), static_cast<int64_t>(scratch_bytes));
    for (std::size_t i = 0; i < owner.tensors.size(); ++i) {
        const char *name = owner.tensors[i].name;
        if (addresses[i] == 0 || addresses[i] % address_alignment != 0)
            throw Failure(EDGEML_E_INVALID_ARGUMENT, std::string("address of tensor ") + name +
                                                         " is not a multiple of " + std::to_string(address_alignment));
        if (!context->setTensorAddress(name, reinterpret_cast<void *>(addresses[i])))
            throw Failure(EDGEML_E_RUN_FAILED, explain(std::string("TensorRT does not take the address of ") + name));
    }
    const char *missing = nullptr;
    if (context->inferShapes(1, &missing) != 0)
        throw Failure(EDGEML_E_UNSUPPORTED, explain(std::string("the shape of ") +
                                                    (missing != nullptr ? missing : "a tensor") + " is not known"));
}
