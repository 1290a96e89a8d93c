// The double of libnvinfer: TensorRT's own interfaces, implemented over ONNX Runtime.
#include "execution.h"
#include "stubs.h"

#include <cstring>

using namespace nvinfer1;

namespace fake {
namespace {

constexpr char plan_magic[8] = {'F', 'A', 'K', 'E', 'P', 'L', 'A', 'N'};
constexpr std::int32_t version[4] = {NV_TENSORRT_MAJOR, NV_TENSORRT_MINOR, NV_TENSORRT_PATCH, NV_TENSORRT_BUILD};
constexpr std::size_t plan_head = sizeof plan_magic + sizeof version;

// One of TensorRT's classes is a thin shell over a table; this is the shell together with its table.
template <class Interface, class Table> struct Shell final : Interface {
    template <class... Arguments>
    explicit Shell(Arguments &&...arguments) : table(std::forward<Arguments>(arguments)...) {
        this->mImpl = &table;
    }
    Table table;
};

DataType to_type(std::uint32_t dtype) {
    switch (dtype) {
    case EDGEML_DTYPE_F16:
        return DataType::kHALF;
    case EDGEML_DTYPE_BF16:
        return DataType::kBF16;
    case EDGEML_DTYPE_I8:
        return DataType::kINT8;
    case EDGEML_DTYPE_U8:
        return DataType::kUINT8;
    case EDGEML_DTYPE_I32:
        return DataType::kINT32;
    case EDGEML_DTYPE_I64:
        return DataType::kINT64;
    case EDGEML_DTYPE_BOOL:
        return DataType::kBOOL;
    default:
        return DataType::kFLOAT;
    }
}

Dims to_dims(const edgeml_tensor_info &info) {
    Dims dims{};
    dims.nbDims = static_cast<std::int32_t>(info.rank);
    std::copy(info.dims, info.dims + info.rank, dims.d);
    return dims;
}

void complain(IErrorRecorder *recorder, const char *text) {
    if (recorder != nullptr)
        recorder->reportError(ErrorCode::kINVALID_ARGUMENT, text);
}

struct HostMemoryTable final : apiv::StubHostMemory {
    explicit HostMemoryTable(std::vector<std::byte> given) : bytes(std::move(given)) {}
    void *data() const noexcept override { return const_cast<std::byte *>(bytes.data()); }
    std::size_t size() const noexcept override { return bytes.size(); }
    DataType type() const noexcept override { return DataType::kINT8; }
    const std::vector<std::byte> bytes;
};
using HostMemory = Shell<IHostMemory, HostMemoryTable>;

struct TensorTable final : apiv::StubTensor {
    explicit TensorTable(const edgeml_tensor_info &given) : name(given.name), dims(to_dims(given)) {
        dims.d[0] = -1; // an open batch, so that the plug-in has to close it
    }
    char const *getName() const noexcept override { return name.c_str(); }
    Dims getDimensions() const noexcept override { return dims; }
    void setDimensions(Dims const &given) noexcept override { dims = given; }
    const std::string name;
    Dims dims;
};
using Tensor = Shell<ITensor, TensorTable>;

struct NetworkTable final : apiv::StubNetworkDefinition {
    std::int32_t getNbInputs() const noexcept override { return static_cast<std::int32_t>(inputs.size()); }
    ITensor *getInput(std::int32_t index) const noexcept override {
        return inputs[static_cast<std::size_t>(index)].get();
    }
    std::unique_ptr<Model> model;
    std::vector<std::unique_ptr<Tensor>> inputs;
};
using Network = Shell<INetworkDefinition, NetworkTable>;

struct TimingCacheTable final : apiv::StubTimingCache {
    explicit TimingCacheTable(bool is_warm) : warm(is_warm) {}
    IHostMemory *serialize() const noexcept override {
        return new HostMemory(std::vector<std::byte>(16, std::byte{NV_TENSORRT_MAJOR}));
    }
    const bool warm;
};
using TimingCache = Shell<ITimingCache, TimingCacheTable>;

struct ConfigTable final : apiv::StubBuilderConfig {
    void setAvgTimingIterations(std::int32_t) noexcept override {}
    void setMemoryPoolLimit(MemoryPoolType, std::size_t) noexcept override {}
    void setBuilderOptimizationLevel(std::int32_t) noexcept override {}
    void clearFlag(BuilderFlag flag) noexcept override { tf32 = tf32 && flag != BuilderFlag::kTF32; }
#if NV_TENSORRT_MAJOR >= 11
    bool setMaxAuxStreams(std::int32_t count) noexcept override {
        aux_streams = count;
        return true;
    }
#else
    void setMaxAuxStreams(std::int32_t count) noexcept override {
        aux_streams = count;
    }
#endif
    void setProgressMonitor(IProgressMonitor *given) noexcept override {
        monitor = given;
    }
    ITimingCache *createTimingCache(void const *blob, std::size_t size) const noexcept override {
        return new TimingCache(blob != nullptr && size == 16 &&
                               *static_cast<const std::byte *>(blob) == std::byte{NV_TENSORRT_MAJOR});
    }
    bool setTimingCache(ITimingCache const &given, bool) noexcept override {
        timing = &given;
        if (static_cast<const TimingCache &>(given).table.warm)
            ++world().warm_timing_caches;
        return true;
    }
    ITimingCache const *getTimingCache() const noexcept override {
        return timing;
    }

    bool tf32 = true;
    std::int32_t aux_streams = -1;
    IProgressMonitor *monitor = nullptr;
    const ITimingCache *timing = nullptr;
};
using Config = Shell<IBuilderConfig, ConfigTable>;

// The phases of a build, nested as TensorRT nests them. False: cancelled.
bool pretend_to_work(IProgressMonitor *monitor) {
    if (monitor == nullptr)
        return true;
    bool goes_on = true;
    monitor->phaseStart("Building Engine", nullptr, 2);
    for (std::int32_t part = 0; part < 2 && goes_on; ++part) {
        monitor->phaseStart("Computing Tactics", "Building Engine", 5);
        // TensorRT may end a phase before all of its steps were told.
        for (std::int32_t step = 0; step < 4 && goes_on; ++step)
            goes_on = monitor->stepComplete("Computing Tactics", step);
        monitor->phaseFinish("Computing Tactics");
        goes_on = goes_on && monitor->stepComplete("Building Engine", part);
    }
    monitor->phaseFinish("Building Engine");
    return goes_on;
}

struct BuilderTable final : apiv::StubBuilder {
    IBuilderConfig *createBuilderConfig() noexcept override { return new Config(); }
    INetworkDefinition *createNetworkV2(NetworkDefinitionCreationFlags flags) noexcept override {
#if NV_TENSORRT_MAJOR >= 11
        bool strongly_typed = flags == 0;
#else
        bool strongly_typed = flags == 1u << static_cast<std::uint32_t>(NetworkDefinitionCreationFlag::kSTRONGLY_TYPED);
#endif
        if (strongly_typed)
            return new Network();
        complain(recorder, "the network is not strongly typed");
        return nullptr;
    }
    void setErrorRecorder(IErrorRecorder *given) noexcept override {
        recorder = given;
    }
    IHostMemory *buildSerializedNetwork(INetworkDefinition &definition, IBuilderConfig &given) noexcept override {
        auto &network = static_cast<Network &>(definition).table;
        auto &config = static_cast<Config &>(given).table;
        ++world().builds;
        const char *wrong = network.model == nullptr      ? "no model was parsed"
                            : config.tf32                 ? "TF32 is on"
                            : config.aux_streams != 0     ? "auxiliary streams are allowed"
                            : config.timing == nullptr    ? "there is no timing cache"
                            : world().refuse_build.load() ? "no tactic is left (this is the double)"
                                                          : nullptr;
        for (const auto &input : network.inputs)
            if (input->table.dims.d[0] != 1)
                wrong = "the batch is open";
        if (wrong != nullptr) {
            complain(recorder, wrong);
            return nullptr;
        }
        if (!pretend_to_work(config.monitor))
            return nullptr;
        std::vector<std::byte> plan(plan_head + network.model->onnx.size());
        std::memcpy(plan.data(), plan_magic, sizeof plan_magic);
        std::memcpy(plan.data() + sizeof plan_magic, version, sizeof version);
        std::memcpy(plan.data() + plan_head, network.model->onnx.data(), network.model->onnx.size());
        return new HostMemory(std::move(plan));
    }
    IErrorRecorder *recorder = nullptr;
};
using Builder = Shell<IBuilder, BuilderTable>;

struct EngineTable;

struct ContextTable final : apiv::StubExecutionContext {
    explicit ContextTable(const EngineTable &of);
    void setDeviceMemoryV2(void *memory, std::int64_t size) noexcept override {
        execution.set_scratch(reinterpret_cast<std::uint64_t>(memory), size);
    }
    bool setTensorAddress(char const *name, void *data) noexcept override {
        return execution.set_address(name, reinterpret_cast<std::uint64_t>(data));
    }
    std::int32_t inferShapes(std::int32_t, char const **) noexcept override { return 0; }
    bool enqueueV3(cudaStream_t stream) noexcept override;

    const EngineTable &engine;
    Execution execution;
};
using Context = Shell<IExecutionContext, ContextTable>;

struct EngineTable final : apiv::StubCudaEngine {
    EngineTable(std::shared_ptr<const Model> given, IErrorRecorder *to) : model(std::move(given)), recorder(to) {
        ++world().engines_loaded;
    }
    IExecutionContext *createExecutionContext(ExecutionContextAllocationStrategy strategy) noexcept override {
        if (strategy == ExecutionContextAllocationStrategy::kUSER_MANAGED)
            return new Context(*this);
        complain(recorder, "the context would allocate its own scratch");
        return nullptr;
    }
    const Model::Tensor &at(char const *name) const noexcept {
        for (const Model::Tensor &tensor : model->tensors)
            if (std::strcmp(tensor.info.name, name) == 0)
                return tensor;
        return model->tensors.front();
    }
    std::int32_t getNbIOTensors() const noexcept override { return static_cast<std::int32_t>(model->tensors.size()); }
    char const *getIOTensorName(std::int32_t index) const noexcept override {
        return model->tensors[static_cast<std::size_t>(index)].info.name;
    }
    bool is_odd(char const *name, Odd how) const noexcept { return world().odd == how && !at(name).is_input; }
    Dims getTensorShape(char const *name) const noexcept override {
        Dims dims = to_dims(at(name).info);
        if (is_odd(name, Odd::open_shape))
            dims.d[0] = -1;
        return dims;
    }
    DataType getTensorDataType(char const *name) const noexcept override { return to_type(at(name).info.dtype); }
    TensorLocation getTensorLocation(char const *name) const noexcept override {
        return is_odd(name, Odd::host_output) ? TensorLocation::kHOST : TensorLocation::kDEVICE;
    }
    bool isShapeInferenceIO(char const *name) const noexcept override { return is_odd(name, Odd::shape_tensor); }
    TensorIOMode getTensorIOMode(char const *name) const noexcept override {
        return at(name).is_input ? TensorIOMode::kINPUT : TensorIOMode::kOUTPUT;
    }
    TensorFormat getTensorFormat(char const *name) const noexcept override {
        return is_odd(name, Odd::odd_format) ? TensorFormat::kCHW4 : TensorFormat::kLINEAR;
    }
    std::int64_t getDeviceMemorySizeV2() const noexcept override { return scratch_bytes; }

    const std::shared_ptr<const Model> model;
    IErrorRecorder *const recorder;
};
using Engine = Shell<ICudaEngine, EngineTable>;

ContextTable::ContextTable(const EngineTable &of) : engine(of), execution(of.model) {}

bool ContextTable::enqueueV3(cudaStream_t stream) noexcept {
    const char *wrong = execution.enqueue(stream);
    if (wrong != nullptr)
        complain(engine.recorder, wrong);
    return wrong == nullptr;
}

struct RuntimeTable final : apiv::StubRuntime {
    ICudaEngine *deserializeCudaEngine(void const *blob, std::size_t size) noexcept override {
        const auto *bytes = static_cast<const std::byte *>(blob);
        if (size < plan_head || std::memcmp(bytes, plan_magic, sizeof plan_magic) != 0) {
            complain(recorder, "this is no plan");
            return nullptr;
        }
        bool refused = world().refuse_plans > 0 && world().refuse_plans-- > 0;
        if (refused || std::memcmp(bytes + sizeof plan_magic, version, sizeof version) != 0) {
            complain(recorder, "version tag does not match");
            return nullptr;
        }
        return new Engine(Model::share(std::vector<std::byte>(bytes + plan_head, bytes + size)), recorder);
    }
    void setErrorRecorder(IErrorRecorder *given) noexcept override { recorder = given; }
    void setEngineHostCodeAllowed(bool) noexcept override {}
    IErrorRecorder *recorder = nullptr;
};
using Runtime = Shell<IRuntime, RuntimeTable>;

} // namespace
} // namespace fake

extern "C" {

EDGEML_FAKE_API void *createInferBuilder_INTERNAL(void *logger, std::int32_t) {
    static_cast<ILogger *>(logger)->log(ILogger::Severity::kINFO, "a builder of the double");
    return static_cast<IBuilder *>(new fake::Builder());
}
EDGEML_FAKE_API void *createInferRuntime_INTERNAL(void *logger, std::int32_t) {
    static_cast<ILogger *>(logger)->log(ILogger::Severity::kINFO, "a runtime of the double");
    return static_cast<IRuntime *>(new fake::Runtime());
}
EDGEML_FAKE_API std::int32_t getInferLibMajorVersion() {
    return NV_TENSORRT_MAJOR;
}
EDGEML_FAKE_API std::int32_t getInferLibMinorVersion() {
    return NV_TENSORRT_MINOR;
}
EDGEML_FAKE_API std::int32_t getInferLibPatchVersion() {
    return NV_TENSORRT_PATCH;
}
EDGEML_FAKE_API std::int32_t getInferLibBuildVersion() {
    return NV_TENSORRT_BUILD;
}

void edgeml_fake_tensorrt_set_model(void *network, const void *onnx, std::size_t bytes, char *error,
                                    std::size_t capacity) {
    auto &table = static_cast<fake::Network *>(static_cast<INetworkDefinition *>(network))->table;
    const auto *first = static_cast<const std::byte *>(onnx);
    error[0] = '\0';
    try {
        table.model = std::make_unique<fake::Model>(std::vector<std::byte>(first, first + bytes));
        for (const fake::Model::Tensor &tensor : table.model->tensors)
            if (tensor.is_input)
                table.inputs.push_back(std::make_unique<fake::Tensor>(tensor.info));
    } catch (const std::exception &e) {
        std::strncpy(error, e.what(), capacity - 1);
        error[capacity - 1] = '\0';
    }
}
}
