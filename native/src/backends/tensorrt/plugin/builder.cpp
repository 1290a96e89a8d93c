#include "guard.h"
#include "messages.h"
#include "progress.h"
#include "runtime.h"

#include <string>

namespace edgeml::trt {

namespace {

// Every TensorRT object is deleted before the one that made it: declare the maker first.
template <class T> using Owned = std::unique_ptr<T>;

void parse(nvonnxparser::IParser &parser, const edgeml_trt_build_desc &desc) {
    if (parser.parse(desc.onnx, static_cast<std::size_t>(desc.onnx_bytes), nullptr))
        return;
    std::string text = "TensorRT's parser refuses the model";
    for (int i = 0; i < parser.getNbErrors(); ++i) {
        const nvonnxparser::IParserError *error = parser.getError(i);
        const char *node = error->nodeName();
        const char *type = error->nodeOperator();
        text += i == 0 ? ": " : "; ";
        if (node != nullptr && *node != '\0')
            text += std::string(type != nullptr ? type : "node") + " " + node + ": ";
        text += error->desc() != nullptr ? error->desc() : "no reason given";
    }
    throw Failure(EDGEML_E_MODEL_REJECTED, text);
}

// An open batch becomes 1; every other size has to be in the file.
void fix_shapes(nvinfer1::INetworkDefinition &network) {
    for (int32_t i = 0; i < network.getNbInputs(); ++i) {
        nvinfer1::ITensor *input = network.getInput(i);
        nvinfer1::Dims dims = input->getDimensions();
        if (dims.nbDims > 0 && dims.d[0] < 0) {
            dims.d[0] = 1;
            input->setDimensions(dims);
        }
        for (int32_t d = 0; d < dims.nbDims; ++d)
            if (dims.d[d] < 0)
                throw Failure(EDGEML_E_UNSUPPORTED,
                              "dimension " + std::to_string(d) + " of input " + input->getName() + " is unknown");
    }
}

void configure(nvinfer1::IBuilderConfig &config, const edgeml_trt_build_desc &desc) {
    if (desc.workspace_bytes > 0)
        config.setMemoryPoolLimit(nvinfer1::MemoryPoolType::kWORKSPACE, static_cast<std::size_t>(desc.workspace_bytes));
    config.setBuilderOptimizationLevel(desc.optimization_level);
    if (desc.timing_iterations > 0)
        config.setAvgTimingIterations(desc.timing_iterations);
    if (desc.allow_tf32 == 0)
        config.clearFlag(nvinfer1::BuilderFlag::kTF32);
    // One stream per engine: simple to capture, and scratch can be reused. The result is void before 11.
    static_cast<void>(config.setMaxAuxStreams(0));
}

} // namespace

void build(edgeml_trt_runtime &runtime, const edgeml_trt_build_desc &desc, std::unique_ptr<edgeml_trt_blob> &plan,
           std::unique_ptr<edgeml_trt_blob> *timing_cache) {
    if (runtime.create_parser == nullptr)
        throw Failure(EDGEML_E_BACKEND_MISSING,
                      "no ONNX parser library of TensorRT was found, so nothing can be built");
    std::lock_guard turn(runtime.building);
    Recorder::instance().clear();
    Logger &logger = Logger::instance();
    Owned<nvinfer1::IBuilder> builder(
        static_cast<nvinfer1::IBuilder *>(runtime.create_builder(&logger, NV_TENSORRT_VERSION)));
    if (!builder)
        throw Failure(EDGEML_E_RUN_FAILED, explain("TensorRT makes no builder"));
    builder->setErrorRecorder(&Recorder::instance());

#if EDGEML_TRT_MAJOR >= 11
    const nvinfer1::NetworkDefinitionCreationFlags flags = 0; // strongly typed is all there is
#else
    const nvinfer1::NetworkDefinitionCreationFlags flags =
        1u << static_cast<uint32_t>(nvinfer1::NetworkDefinitionCreationFlag::kSTRONGLY_TYPED);
#endif
    Owned<nvinfer1::INetworkDefinition> network(builder->createNetworkV2(flags));
    if (!network)
        throw Failure(EDGEML_E_RUN_FAILED, explain("TensorRT makes no network"));
    // The parser may own memory of the weights, so it lives until the plan is there.
    Owned<nvonnxparser::IParser> parser(
        static_cast<nvonnxparser::IParser *>(runtime.create_parser(network.get(), &logger, NV_ONNX_PARSER_VERSION)));
    if (!parser)
        throw Failure(EDGEML_E_RUN_FAILED, explain("TensorRT makes no parser"));
    parse(*parser, desc);
    fix_shapes(*network);

    Owned<nvinfer1::IBuilderConfig> config(builder->createBuilderConfig());
    if (!config)
        throw Failure(EDGEML_E_RUN_FAILED, explain("TensorRT makes no builder configuration"));
    configure(*config, desc);
    Progress progress(desc.progress, desc.progress_user);
    if (desc.progress != nullptr)
        config->setProgressMonitor(&progress);

    Owned<nvinfer1::ITimingCache> cache(
        config->createTimingCache(desc.timing_cache, static_cast<std::size_t>(desc.timing_cache_bytes)));
    // Of another device or version: start over, and never look away (ignoreMismatch), which is a source of wrong plans.
    if (cache && !config->setTimingCache(*cache, false))
        cache.reset();
    if (!cache) {
        cache.reset(config->createTimingCache(nullptr, 0));
        if (cache && !config->setTimingCache(*cache, false))
            cache.reset();
    }

    Owned<nvinfer1::IHostMemory> built(builder->buildSerializedNetwork(*network, *config));
    if (progress.cancelled())
        throw Failure(EDGEML_E_CANCELLED, "the build was cancelled");
    if (!built)
        throw Failure(EDGEML_E_MODEL_REJECTED, explain("TensorRT cannot build the model"));
    plan = std::make_unique<edgeml_trt_blob>(built.release());
    if (timing_cache != nullptr && config->getTimingCache() != nullptr)
        if (nvinfer1::IHostMemory *memory = config->getTimingCache()->serialize())
            *timing_cache = std::make_unique<edgeml_trt_blob>(memory);
}

} // namespace edgeml::trt
