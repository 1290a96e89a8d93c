#include "network.h"

#include "gate.h"
#include "model_scan.h"
#include "range_join.h"
#include "scratch_folder.h"
#include "sharing.h"
#include "wrong_optimizers.h"

#include <algorithm>
#include <filesystem>
#include <list>

namespace edgeml::ort {

namespace {

// Approximate bytes of a session beside tensors, measured on one-operator models.
constexpr std::uint64_t session_overhead_bytes = 200 * 1024;

GraphOptimizationLevel to_level(std::uint32_t optimization, const ModelScan &scan) {
    switch (optimization) {
    case EDGEML_OPTIMIZE_NONE:
        return ORT_DISABLE_ALL;
    case EDGEML_OPTIMIZE_BASIC:
        return ORT_ENABLE_BASIC;
    case EDGEML_OPTIMIZE_EXTENDED:
        return ORT_ENABLE_EXTENDED;
    case EDGEML_OPTIMIZE_ALL:
        return ORT_ENABLE_ALL;
    default:
        // ALL brings the NCHWc layout. Measured, ALL / EXTENDED on AVX2: depthwise 0.2..0.4, 3x3 of 16..128 channels
        // 0.7..1, 1x1 of 128 and more 0.6..1, but 3x3 of 256 and 512 channels 1.0..1.6, and there it costs a copy of
        // the weights too. So the majority of convolutions decides; where it decides nothing, both do the same.
        return 2 * scan.wide_filters > scan.filters ? ORT_ENABLE_EXTENDED : ORT_ENABLE_ALL;
    }
}

// Fills type, shape and size from ONNX Runtime's information; -1 marks an unknown dimension.
void read_shape(const Runtime &runtime, const OrtTensorTypeAndShapeInfo *shape, TensorInfo &tensor) {
    ONNXTensorElementDataType type{};
    std::size_t rank = 0;
    runtime.check(runtime.api.GetTensorElementType(shape, &type));
    runtime.check(runtime.api.GetDimensionsCount(shape, &rank));
    tensor.dtype = from_onnx_type(type);
    tensor.dims.resize(rank);
    runtime.check(runtime.api.GetDimensions(shape, tensor.dims.data(), rank));
}

bool is_known(const TensorInfo &tensor) {
    return std::none_of(tensor.dims.begin(), tensor.dims.end(), [](std::int64_t d) { return d < 0; });
}

bool is_gate(const std::string &input) {
    return input == gate_input;
}

// The run's state as the gates' input: its address.
TensorInfo gate_tensor() {
    TensorInfo tensor;
    tensor.name = gate_input;
    tensor.dtype = EDGEML_DTYPE_I64;
    tensor.dims = {1};
    tensor.bytes = sizeof(std::int64_t);
    return tensor;
}

// A model as sessions take it: tensors that may not be shared are part of it.
class Source {
  public:
    Source(Bytes model, const OrtWeightSet *weights, const char *folder) : bytes_(model), folder_(folder) {
        Graph graph = read_graph(model);
        disabled_ = wrong_optimizers(graph);
        if (weights != nullptr && folder == nullptr)
            own_ = inline_unshared(model, graph, *weights);
        if (!own_.empty())
            bytes_ = own_;
        scan_ = scan_model(bytes_);
    }
    Source(const Source &) = delete;
    Source &operator=(const Source &) = delete;

    Bytes bytes() const noexcept { return bytes_; }
    const ModelScan &scan() const noexcept { return scan_; }
    const char *folder() const noexcept { return folder_; } // of external data; null: they are weights
    const char *disabled() const noexcept { return disabled_.empty() ? nullptr : disabled_.data(); }

  private:
    std::vector<std::byte> own_;
    Bytes bytes_;
    const char *folder_;
    ModelScan scan_;
    std::string_view disabled_; // a literal
};

void check_made(const Runtime &runtime, OrtStatus *failed, const OwnThreads &threads) {
    if (failed != nullptr && !threads.fault().empty()) {
        runtime.api.ReleaseStatus(failed);
        throw Error(EDGEML_E_UNSUPPORTED, "a thread that computes cannot be made: " + threads.fault());
    }
    runtime.check(failed, EDGEML_E_MODEL_REJECTED);
}

OrtSession *create_session(const Runtime &runtime, Bytes model, const OrtSessionOptions *options,
                           const OrtWeightSet *weights, const OwnThreads &threads) {
    OrtSession *session = nullptr;
    if (weights == nullptr) {
        OrtStatus *failed =
            runtime.api.CreateSessionFromArray(runtime.env, model.data(), model.size(), options, &session);
        check_made(runtime, failed, threads);
        return session;
    }
    OrtStatus *failed = runtime.api.CreateSessionFromArrayWithPrepackedWeightsContainer(
        runtime.env, model.data(), model.size(), options, weights->prepacked(), &session);
    if (failed == nullptr)
        return session;
    // Kernels that cannot share their packed weights refuse the container; without it they pack for themselves.
    if (OrtStatus *again =
            runtime.api.CreateSessionFromArray(runtime.env, model.data(), model.size(), options, &session)) {
        runtime.api.ReleaseStatus(again);
        check_made(runtime, failed, threads);
    }
    runtime.api.ReleaseStatus(failed);
    return session;
}

OrtSession *open_session(const Runtime &runtime, const SessionSetup &setup, const Source &source,
                         GraphOptimizationLevel level, const OrtWeightSet *weights, const char *optimized_path) {
    const OrtApi &api = runtime.api;
    const ModelScan &scan = source.scan();
    if (weights == nullptr && source.folder() == nullptr && !scan.external.empty())
        throw Error(EDGEML_E_MODEL_REJECTED,
                    "the model takes tensor " + scan.external.front() + " from weights, but none are given");
    Owned<OrtSessionOptions> options(api.ReleaseSessionOptions);
    runtime.check(api.CreateSessionOptions(options.out()));
    OwnThreads threads(setup);
    threads.choose(runtime, options.get());
    if (setup.provider)
        setup.provider->append(options.get());
    runtime.check(api.SetSessionGraphOptimizationLevel(options.get(), level));
    runtime.check(api.AddSessionConfigEntry(options.get(), "session.use_env_allocators", "1"));
    if (source.disabled() != nullptr)
        runtime.check(
            api.AddSessionConfigEntry(options.get(), "optimization.disable_specified_optimizers", source.disabled()));
    if (source.folder() != nullptr)
        runtime.check(api.AddSessionConfigEntry(options.get(), "session.model_external_initializers_file_folder_path",
                                                source.folder()));
    if (std::any_of(scan.inputs.begin(), scan.inputs.end(), is_gate))
        runtime.check(api.AddCustomOpDomain(options.get(), runtime.gates->get()));
    if (optimized_path != nullptr)
        runtime.check(api.SetOptimizedModelFilePath(options.get(), std::filesystem::u8path(optimized_path).c_str()));
    if (source.folder() != nullptr)
        weights = nullptr;
    if (weights != nullptr)
        weights->attach(options.get(), scan.external);
    return create_session(runtime, source.bytes(), options.get(), weights, threads);
}

class OrtBinding final : public Binding {
  public:
    OrtBinding(std::shared_ptr<Runtime> runtime, OrtSession *session)
        : runtime_(std::move(runtime)), session_(session), binding_(runtime_->api.ReleaseIoBinding),
          options_(runtime_->api.ReleaseRunOptions) {
        // A binding with its own run options is the cheapest way to run: 1.1 µs for an empty graph, against 1.2 µs
        // for Run and 0.05 µs more for options that the library would make again each time.
        runtime_->check(runtime_->api.CreateIoBinding(session_, binding_.out()));
        runtime_->check(runtime_->api.CreateRunOptions(options_.out()));
    }

    void bind(TensorInfo tensor, void *data, bool is_input, std::uint32_t rows) {
        if (rows > 1) {
            tensor.dims[0] = rows;
            tensor.bytes *= rows;
        }
        if (is_input && values_.empty()) {
            input_ = tensor;
            data_ = data;
        }
        bind(tensor, data, is_input);
    }

    void bind(const TensorInfo &tensor, void *data, bool is_input) {
        Owned<OrtValue> value(runtime_->api.ReleaseValue, runtime_->wrap(tensor, data));
        runtime_->check(is_input ? runtime_->api.BindInput(binding_.get(), tensor.name.c_str(), value.get())
                                 : runtime_->api.BindOutput(binding_.get(), tensor.name.c_str(), value.get()));
        values_.push_back(std::move(value));
    }

    void bind_gates() {
        gates_.options = options_.get();
        gate_address_ = static_cast<std::int64_t>(reinterpret_cast<std::intptr_t>(&gates_));
        bind(gate_tensor(), &gate_address_, true);
    }

    void read(void *data) override {
        if (data == data_)
            return;
        Owned<OrtValue> value(runtime_->api.ReleaseValue, runtime_->wrap(input_, data));
        runtime_->check(runtime_->api.BindInput(binding_.get(), input_.name.c_str(), value.get()));
        data_ = data;
    }

    void run() override {
        runtime_->check(runtime_->api.RunWithBinding(session_, options_.get(), binding_.get()), EDGEML_E_RUN_FAILED);
    }

    bool run(Gatekeeper &keeper) override {
        gates_.keeper = &keeper;
        OrtStatus *status = runtime_->api.RunWithBinding(session_, options_.get(), binding_.get());
        gates_.keeper = nullptr;
        if (!gates_.closed) {
            runtime_->check(status, EDGEML_E_RUN_FAILED);
            return true;
        }
        // An ended run reports a failure, unless nothing was left to do.
        gates_.closed = false;
        if (status != nullptr)
            runtime_->api.ReleaseStatus(status);
        runtime_->check(runtime_->api.RunOptionsUnsetTerminate(options_.get()));
        return false;
    }

  private:
    const std::shared_ptr<Runtime> runtime_;
    OrtSession *const session_;
    TensorInfo input_; // the first one, and where it lies
    void *data_ = nullptr;
    std::vector<Owned<OrtValue>> values_;
    Owned<OrtIoBinding> binding_;
    Owned<OrtRunOptions> options_;
    GateState gates_;
    std::int64_t gate_address_ = 0; // of gates_, the value that gates get
};

class OrtOutputs final : public Outputs {
  public:
    explicit OrtOutputs(std::shared_ptr<Runtime> runtime) : runtime_(std::move(runtime)) {}

    void add(std::string name, OrtValue *value) {
        values_.emplace_back(runtime_->api.ReleaseValue, value);
        Entry entry;
        entry.info.name = std::move(name);
        int is_tensor = 0;
        if (value != nullptr)
            runtime_->check(runtime_->api.IsTensor(value, &is_tensor));
        if (is_tensor != 0) {
            Owned<OrtTensorTypeAndShapeInfo> shape(runtime_->api.ReleaseTensorTypeAndShapeInfo);
            runtime_->check(runtime_->api.GetTensorTypeAndShape(value, shape.out()));
            read_shape(*runtime_, shape.get(), entry.info);
            entry.info.bytes = tensor_bytes(entry.info.dims, entry.info.dtype, entry.info.name);
            if (entry.info.dtype != EDGEML_DTYPE_OTHER) {
                void *data = nullptr;
                runtime_->check(runtime_->api.GetTensorMutableData(value, &data));
                entry.data = data;
            }
        }
        entries_.push_back(std::move(entry));
    }

  private:
    const std::shared_ptr<Runtime> runtime_;
    std::vector<Owned<OrtValue>> values_;
};

} // namespace

OrtNetwork::OrtNetwork(std::shared_ptr<Runtime> runtime, const SessionSetup &setup, std::span<const std::byte> model,
                       std::uint32_t optimization, const OrtWeightSet *weights, const char *folder)
    : runtime_(std::move(runtime)) {
    Source source(model, weights, folder);
    GraphOptimizationLevel level = to_level(optimization, source.scan());
    session_ = open_session(*runtime_, setup, source, level, weights, nullptr);
    try {
        describe();
    } catch (...) {
        runtime_->api.ReleaseSession(session_);
        throw;
    }
    // The model's own bytes stand for inline tensors. The NCHWc layout makes a copy of every filter, shared or not.
    resident_bytes_ = session_overhead_bytes + source.bytes().size() +
                      (level == ORT_ENABLE_ALL ? source.scan().external_filter_bytes : 0);
}

std::unique_ptr<OrtNetwork> OrtNetwork::join(std::shared_ptr<Runtime> runtime, const SessionSetup &setup,
                                             std::span<const Range> ranges, OrtWeightSet &weights,
                                             std::uint64_t copy_limit, std::uint32_t optimization) {
    // Joined, ranges would be judged as one: each is optimised alone.
    ScratchFolder folder;
    std::list<Source> sources;
    std::list<std::vector<std::byte>> optimized;
    std::vector<Bytes> models;
    std::vector<std::uint32_t> exits;
    for (const Range &range : ranges) {
        const Source &source = sources.emplace_back(range.model, &weights, nullptr);
        GraphOptimizationLevel level = to_level(optimization, source.scan());
        exits.push_back(range.exit);
        if (level != ORT_ENABLE_ALL) { // which keeps the model's own layouts
            models.push_back(source.bytes());
            continue;
        }
        std::string path = folder.file("range.onnx");
        Owned<OrtSession> session(runtime->api.ReleaseSession,
                                  open_session(*runtime, {}, source, level, &weights, path.c_str()));
        models.push_back(optimized.emplace_back(folder.take("range.onnx")));
    }
    std::vector<std::byte> joined = join_ranges(models, exits, weights, copy_limit);
    bool has_optimized = !optimized.empty();
    optimized.clear();
    sources.clear();
    try {
        return std::make_unique<OrtNetwork>(std::move(runtime), setup, joined, EDGEML_OPTIMIZE_EXTENDED, &weights,
                                            nullptr);
    } catch (const Error &error) {
        // ONNX Runtime does not read everything that it writes.
        if (!has_optimized || error.status() != EDGEML_E_MODEL_REJECTED)
            throw;
        throw Error(EDGEML_E_UNSUPPORTED,
                    std::string("ranges cannot be joined as they are optimised: ") + error.what());
    }
}

OrtNetwork::~OrtNetwork() {
    runtime_->api.ReleaseSession(session_);
}

TensorInfo OrtNetwork::describe(bool is_input, std::size_t index) const {
    const OrtApi &api = runtime_->api;
    TensorInfo tensor;
    char *name = nullptr;
    runtime_->check(is_input ? api.SessionGetInputName(session_, index, runtime_->names, &name)
                             : api.SessionGetOutputName(session_, index, runtime_->names, &name));
    tensor.name = name;
    runtime_->check(api.AllocatorFree(runtime_->names, name));
    Owned<OrtTypeInfo> type(api.ReleaseTypeInfo);
    runtime_->check(is_input ? api.SessionGetInputTypeInfo(session_, index, type.out())
                             : api.SessionGetOutputTypeInfo(session_, index, type.out()));
    const OrtTensorTypeAndShapeInfo *shape = nullptr; // owned by type
    runtime_->check(api.CastTypeInfoToTensorInfo(type.get(), &shape));
    if (shape != nullptr)
        read_shape(*runtime_, shape, tensor);
    return tensor;
}

void OrtNetwork::describe() {
    const OrtApi &api = runtime_->api;
    std::size_t count = 0;
    runtime_->check(api.SessionGetInputCount(session_, &count));
    for (std::size_t i = 0; i < count; ++i) {
        TensorInfo tensor = describe(true, i);
        if (is_gate(tensor.name)) {
            has_gates_ = true;
            continue;
        }
        if (!tensor.dims.empty() && tensor.dims[0] < 0) {
            tensor.dims[0] = 1; // the batch
            batches_ = true;
        }
        if (tensor.dtype == EDGEML_DTYPE_OTHER)
            throw Error(EDGEML_E_UNSUPPORTED, "input " + tensor.name + " is not a tensor of numbers");
        for (std::size_t d = 0; d < tensor.dims.size(); ++d)
            if (tensor.dims[d] < 0)
                throw Error(EDGEML_E_UNSUPPORTED,
                            "dimension " + std::to_string(d) + " of input " + tensor.name + " is unknown");
        tensor.bytes = tensor_bytes(tensor.dims, tensor.dtype, tensor.name);
        inputs_.push_back(std::move(tensor));
    }
    batches_ &= inputs_.size() == 1 && !has_gates_;
    runtime_->check(api.SessionGetOutputCount(session_, &count));
    bool all_known = true;
    for (std::size_t i = 0; i < count; ++i) {
        outputs_.push_back(describe(false, i));
        batches_ &= !outputs_.back().dims.empty() && outputs_.back().dims[0] < 0;
        all_known &= is_known(outputs_.back()) && outputs_.back().dtype != EDGEML_DTYPE_OTHER;
    }
    if (!all_known) {
        std::vector<std::vector<std::byte>> zeros;
        std::vector<const void *> data;
        for (const TensorInfo &input : inputs_) {
            zeros.emplace_back(static_cast<std::size_t>(input.bytes));
            data.push_back(zeros.back().data());
        }
        std::unique_ptr<Outputs> ran = run_once(data);
        for (std::size_t i = 0; i < count; ++i)
            outputs_[i] = ran->entries()[i].info;
    }
    for (TensorInfo &tensor : outputs_)
        tensor.bytes = tensor_bytes(tensor.dims, tensor.dtype, tensor.name);
}

std::unique_ptr<Binding> OrtNetwork::bind(std::span<const Slot> inputs, std::span<const Slot> outputs,
                                          std::uint32_t rows) const {
    auto binding = std::make_unique<OrtBinding>(runtime_, session_);
    for (const Slot &slot : inputs)
        binding->bind(inputs_[slot.index], slot.data, true, rows);
    for (const Slot &slot : outputs)
        binding->bind(outputs_[slot.index], slot.data, false, rows);
    if (has_gates_)
        binding->bind_gates();
    return binding;
}

std::unique_ptr<Outputs> OrtNetwork::run_once(std::span<const void *const> inputs) const {
    std::vector<Owned<OrtValue>> values;
    std::vector<const OrtValue *> value_pointers;
    std::vector<const char *> input_names, output_names;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
        values.emplace_back(runtime_->api.ReleaseValue, runtime_->wrap(inputs_[i], const_cast<void *>(inputs[i])));
        value_pointers.push_back(values.back().get());
        input_names.push_back(inputs_[i].name.c_str());
    }
    std::int64_t no_gatekeeper = 0;
    if (has_gates_) {
        values.emplace_back(runtime_->api.ReleaseValue, runtime_->wrap(gate_tensor(), &no_gatekeeper));
        value_pointers.push_back(values.back().get());
        input_names.push_back(gate_input);
    }
    for (const TensorInfo &output : outputs_)
        output_names.push_back(output.name.c_str());
    std::vector<OrtValue *> results(outputs_.size(), nullptr);
    runtime_->check(runtime_->api.Run(session_, nullptr, input_names.data(), value_pointers.data(), input_names.size(),
                                      output_names.data(), output_names.size(), results.data()),
                    EDGEML_E_RUN_FAILED);
    auto outputs = std::make_unique<OrtOutputs>(runtime_);
    for (std::size_t i = 0; i < results.size(); ++i)
        outputs->add(outputs_[i].name, results[i]);
    return outputs;
}

} // namespace edgeml::ort
