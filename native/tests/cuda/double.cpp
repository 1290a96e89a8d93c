#include "double.h"

#include <cstring>

namespace test {

namespace {

TensorInfo tensor(const char *name, std::uint32_t dtype, std::int64_t count) {
    TensorInfo info;
    info.name = name;
    info.dtype = dtype;
    info.dims = {1, count};
    info.bytes = tensor_bytes(info.dims, dtype, name);
    return info;
}

// Truncates, which is a rounding too.
void narrow(const float *from, std::uint32_t dtype, void *to) {
    for (int i = 0; i < Dense::classes; ++i) {
        std::uint32_t bits;
        std::memcpy(&bits, from + i, sizeof bits);
        if (dtype == EDGEML_DTYPE_F32)
            static_cast<float *>(to)[i] = from[i];
        else
            static_cast<std::uint16_t *>(to)[i] = static_cast<std::uint16_t>(bits >> 16);
    }
}

class FunctionBinding final : public Binding {
  public:
    FunctionBinding(std::function<void(const float *)> work, const float *input)
        : work_(std::move(work)), input_(input) {}
    void read(void *data) override { input_ = static_cast<const float *>(data); }
    void run() override { work_(input_); }

  private:
    std::function<void(const float *)> work_;
    const float *input_;
};

class FunctionSegment final : public cuda::Segment {
  public:
    FunctionSegment(const cuda::Driver &driver, std::function<void()> work, Habit habit)
        : driver_(driver), work_(std::move(work)), habit_(habit) {}

    void enqueue(cuda::CUstream stream) override {
        if (habit_ == Habit::fails)
            throw Error(EDGEML_E_RUN_FAILED, "the segment does not run");
        if (habit_ == Habit::breaks_capture && warm_)
            driver_.stream_query(stream); // illegal while a stream captures
        warm_ = true;
        if (habit_ == Habit::host_node)
            driver_.check(cuLaunchHostFunc(
                              stream, [](void *) {}, nullptr),
                          "cuLaunchHostFunc");
        driver_.check(edgeml_fake_cuda_launch(
                          stream, [](void *user) { (*static_cast<std::function<void()> *>(user))(); }, &work_),
                      "a kernel");
    }
    bool capturable() const noexcept override { return habit_ != Habit::not_capturable; }

  private:
    const cuda::Driver &driver_;
    std::function<void()> work_;
    const Habit habit_;
    bool warm_ = false;
};

std::function<void()> dense_work(Dense math, DenseShape shape, const float *in, float *boundary, void *logits) {
    return [=] {
        if (boundary != nullptr)
            math.boundary(in, boundary);
        float z[Dense::classes];
        if (logits == nullptr)
            return;
        math.logits(in, z);
        narrow(z, shape.logits_dtype, logits);
    };
}

void must(edgeml_status status) {
    if (status != EDGEML_OK)
        throw Error(status, last_error());
}

void *host(cuda::CUdeviceptr memory, std::uint64_t bytes) {
    void *address = edgeml_fake_cuda_host(memory, static_cast<std::size_t>(bytes));
    EXPECT(address != nullptr && memory % 256 == 0);
    return address;
}

} // namespace

std::vector<TensorInfo> dense_inputs() {
    return {tensor("x", EDGEML_DTYPE_F32, Dense::width)};
}

std::vector<TensorInfo> dense_outputs(const DenseShape &shape) {
    std::vector<TensorInfo> outputs;
    if (shape.boundary)
        outputs.push_back(tensor("y", EDGEML_DTYPE_F32, Dense::width));
    if (shape.logits)
        outputs.push_back(tensor("z", shape.logits_dtype, Dense::classes));
    return outputs;
}

HostDense::HostDense(Dense math, DenseShape shape) : math_(math), shape_(shape) {
    inputs_ = dense_inputs();
    outputs_ = dense_outputs(shape);
}

std::unique_ptr<Binding> HostDense::bind(std::span<const Slot> inputs, std::span<const Slot> outputs,
                                         std::uint32_t) const {
    float *boundary = nullptr;
    void *logits = nullptr;
    for (const Slot &slot : outputs)
        if (shape_.boundary && slot.index == 0)
            boundary = static_cast<float *>(slot.data);
        else
            logits = slot.data;
    return std::make_unique<FunctionBinding>(
        [=, this](const float *in) { dense_work(math_, shape_, in, boundary, logits)(); },
        static_cast<const float *>(inputs[0].data));
}

DeviceDense::DeviceDense(std::shared_ptr<const cuda::Device> device, Dense math, DenseShape shape, Habit habit)
    : device_(std::move(device)), math_(math), shape_(shape), habit_(habit) {
    inputs_ = dense_inputs();
    outputs_ = dense_outputs(shape);
    scratch_bytes_ = 64;
}

std::unique_ptr<cuda::Segment> DeviceDense::place(std::span<const DeviceSlot> inputs,
                                                  std::span<const DeviceSlot> outputs,
                                                  cuda::CUdeviceptr scratch) const {
    float *boundary = nullptr;
    void *logits = nullptr;
    for (const DeviceSlot &slot : outputs)
        (shape_.boundary && slot.index == 0 ? reinterpret_cast<void *&>(boundary) : logits) =
            host(slot.memory, outputs_[slot.index].bytes);
    void *shared = host(scratch, scratch_bytes_);
    auto work = dense_work(math_, shape_, static_cast<const float *>(host(inputs[0].memory, inputs_[0].bytes)),
                           boundary, logits);
    return std::make_unique<FunctionSegment>(
        *device_->driver,
        [work, shared] {
            std::memset(shared, 0xee, 64);
            work();
        },
        habit_);
}

std::unique_ptr<Outputs> DeviceDense::run_once(std::span<const void *const> inputs) const {
    return cuda::run_once(device_, *this, inputs);
}

DeviceHosted::DeviceHosted(std::shared_ptr<const cuda::Device> device, std::unique_ptr<Network> host)
    : device_(std::move(device)), host_(std::move(host)) {
    inputs_ = host_->inputs();
    outputs_ = host_->outputs();
}

std::unique_ptr<cuda::Segment> DeviceHosted::place(std::span<const DeviceSlot> inputs,
                                                   std::span<const DeviceSlot> outputs, cuda::CUdeviceptr) const {
    std::vector<Slot> in, out;
    for (const DeviceSlot &slot : inputs)
        in.push_back({slot.index, host(slot.memory, inputs_[slot.index].bytes)});
    for (const DeviceSlot &slot : outputs)
        out.push_back({slot.index, host(slot.memory, outputs_[slot.index].bytes)});
    std::shared_ptr<Binding> binding = host_->bind(in, out, 1);
    return std::make_unique<FunctionSegment>(
        *device_->driver, [binding] { binding->run(); }, Habit::good);
}

std::unique_ptr<Outputs> DeviceHosted::run_once(std::span<const void *const> inputs) const {
    return cuda::run_once(device_, *this, inputs);
}

std::unique_ptr<Network> DoubleBackend::load(std::span<const std::byte> model, std::uint32_t optimization,
                                             WeightSet *weights, const char *folder, const Progress &progress) {
    std::unique_ptr<Network> network = inner_->load(model, optimization, weights, folder, progress);
    if (device_ == nullptr)
        return network;
    return std::make_unique<DeviceHosted>(device_, std::move(network));
}

std::unique_ptr<Memory> DoubleBackend::make_memory(std::uint64_t data_bytes, std::uint64_t headroom_bytes) {
    if (device_ == nullptr)
        return Backend::make_memory(data_bytes, headroom_bytes);
    return std::make_unique<cuda::Buffer>(device_, data_bytes, headroom_bytes);
}

std::unique_ptr<Runner> DoubleBackend::make_runner() {
    if (device_ == nullptr)
        return nullptr;
    std::unique_ptr<cuda::Chain> chain = cuda::make_chain(device_, options_);
    last_chain = chain.get();
    return chain;
}

std::shared_ptr<const cuda::Device> fake_device() {
    return std::make_shared<const cuda::Device>(cuda::Driver::open(EDGEML_TEST_DRIVER), 0);
}

Rig::Rig(std::shared_ptr<const cuda::Device> device, cuda::ChainOptions options, Habit habit,
         std::uint32_t logits_dtype)
    : backend_(std::make_shared<DoubleBackend>(device, options)) {
    context = new edgeml_context(backend_);
    try {
        for (int i = 0; i < 5; ++i)
            tensors.push_back(new edgeml_buffer(context, Dense::width * sizeof(float), 256));
        scores = new edgeml_buffer(context, most_rows * Dense::classes * sizeof(float), 0);
        must(edgeml_chain_create(&chain, context));
        auto add = [&](int salt, bool boundary, bool logits, edgeml_buffer *in, edgeml_buffer *out, std::uint32_t exit,
                       bool is_final) {
            DenseShape shape{boundary, logits, logits_dtype};
            std::unique_ptr<Network> network;
            if (device != nullptr)
                network = std::make_unique<DeviceDense>(device, Dense{salt}, shape, salt == 3 ? habit : Habit::good);
            else
                network = std::make_unique<HostDense>(Dense{salt}, shape);
            engines_.push_back(new edgeml_engine(context, nullptr, std::move(network)));
            auto stage = make<edgeml_stage>();
            stage.boundary_output = 0;
            stage.logits_output = slot_index(shape, true);
            stage.exit_index = exit;
            stage.classes = logits ? Dense::classes : 0;
            stage.flags = is_final ? EDGEML_STAGE_FINAL : 0;
            must(edgeml_chain_add(chain, engines_.back(), in, out, logits ? scores : nullptr, &stage));
        };
        add(1, true, false, tensors[0], tensors[1], 0, false);
        add(2, false, true, tensors[1], nullptr, 1, false);
        add(3, true, false, tensors[1], tensors[2], 0, false);
        add(4, true, true, tensors[2], tensors[3], 2, false);
        add(5, true, false, tensors[3], tensors[4], 0, false);
        add(6, false, true, tensors[4], nullptr, 3, true);
    } catch (...) {
        close();
        throw;
    }
}

Rig::~Rig() {
    close();
}

void Rig::close() {
    release(context);
    for (edgeml_engine *engine : engines_)
        release(engine);
    for (edgeml_buffer *buffer : tensors)
        release(buffer);
    release(scores);
    edgeml_chain_destroy(chain);
}

void Rig::set_input(std::uint32_t seed, float scale) {
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> uniform(-scale, scale);
    for (int i = 0; i < Dense::width; ++i)
        data(tensors[0])[i] = uniform(random);
}

edgeml_status Rig::try_run(edgeml_run_result &result, std::vector<float> thresholds, std::uint32_t first,
                           std::uint32_t count, std::uint64_t *ns) {
    auto desc = make<edgeml_run_desc>();
    desc.thresholds = thresholds.data();
    desc.threshold_count = static_cast<std::uint32_t>(thresholds.size());
    desc.first_stage = first;
    desc.stage_count = count;
    desc.stage_ns = ns;
    desc.stage_ns_capacity = ns != nullptr ? stages : 0;
    result = make<edgeml_run_result>();
    return edgeml_chain_run(&result, chain, &desc);
}

edgeml_run_result Rig::run(std::vector<float> thresholds, std::uint32_t first, std::uint32_t count, std::uint64_t *ns) {
    edgeml_run_result result;
    EXPECT_STATUS(try_run(result, std::move(thresholds), first, count, ns), EDGEML_OK);
    return result;
}

bool same(const edgeml_run_result &a, const edgeml_run_result &b) {
    edgeml_run_result left = a, right = b;
    for (edgeml_run_result *r : {&left, &right}) {
        r->logits = nullptr;
        r->cut = nullptr;
        r->cut_bytes = r->outcome == EDGEML_OUTCOME_CUT ? r->cut_bytes : 0;
        r->total_ns = 0;
        r->route = 0;
    }
    if (a.logit_count != b.logit_count ||
        (a.logit_count > 0 && std::memcmp(a.logits, b.logits, a.logit_count * sizeof(float)) != 0))
        return false;
    if (a.outcome == EDGEML_OUTCOME_CUT && std::memcmp(a.cut, b.cut, a.cut_bytes) != 0)
        return false;
    return std::memcmp(&left, &right, sizeof left) == 0;
}

edgeml_fake_cuda_counts counts() {
    edgeml_fake_cuda_counts now;
    edgeml_fake_cuda_count(&now);
    return now;
}

void faults(const char *text) {
    edgeml_fake_cuda_revive();
    EXPECT(edgeml_fake_cuda_faults(text) == 0);
}

} // namespace test
