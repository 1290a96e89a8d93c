#include "bench.h"

#include <algorithm>

namespace bench {

extern const char standin_ptx[];

namespace {

class StandInSegment final : public Segment {
  public:
    StandInSegment(const Driver &driver, CUfunction function, CUdeviceptr in, CUdeviceptr out, std::uint64_t count,
                   std::uint64_t ns)
        : driver_(driver), function_(function), in_(in), out_(out), count_(count), ns_(ns) {}

    void enqueue(CUstream stream) override {
        void *parameters[] = {&in_, &out_, &count_, &ns_};
        driver_.check(driver_.launch(function_, 1, 1, 1, 256, 1, 1, 0, stream, parameters, nullptr), "stand-in");
    }

  private:
    const Driver &driver_;
    const CUfunction function_;
    CUdeviceptr in_, out_;
    std::uint64_t count_, ns_;
};

// One for all that live at a time: a driver without its cache compiles the text again at every load.
std::shared_ptr<const Module> standin_kernels(const std::shared_ptr<const Device> &device) {
    static std::weak_ptr<const Module> known;
    std::shared_ptr<const Module> kernels = known.lock();
    if (kernels == nullptr)
        known = kernels = std::make_shared<const Module>(load_module(device, standin_ptx));
    return kernels;
}

} // namespace

StandIn::StandIn(std::shared_ptr<const Device> device, std::int64_t inputs, std::int64_t outputs, std::uint64_t ns)
    : device_(std::move(device)), ns_(ns), module_(standin_kernels(device_)),
      function_(find_function(*device_, *module_, "edgeml_standin")) {
    inputs_.push_back(float_row("in", inputs));
    outputs_.push_back(float_row("out", outputs));
}

std::unique_ptr<Segment> StandIn::place(std::span<const DeviceSlot> inputs, std::span<const DeviceSlot> outputs,
                                        CUdeviceptr) const {
    auto count = static_cast<std::uint64_t>(outputs_[0].dims[1]);
    return std::make_unique<StandInSegment>(*device_->driver, function_, inputs[0].memory, outputs[0].memory, count,
                                            ns_);
}

std::unique_ptr<Outputs> StandIn::run_once(std::span<const void *const> inputs) const {
    return cuda::run_once(device_, *this, inputs);
}

Line::Line(const std::shared_ptr<const Device> &device, Route route, int exits, std::uint64_t unit_ns,
           std::uint64_t head_ns, Wait wait)
    : exits_(exits) {
    ChainOptions options;
    options.route = route;
    options.wait = wait;
    chain_ = make_chain(device, options);
    auto add = [&](std::int64_t outputs, std::uint64_t ns, const Buffer *in, const Buffer *out, int exit,
                   bool is_final) {
        networks_.push_back(std::make_unique<StandIn>(device, width, outputs, ns));
        edgeml_stage desc{};
        desc.struct_size = sizeof desc;
        desc.exit_index = static_cast<std::uint32_t>(exit);
        desc.classes = exit > 0 ? classes : 0;
        desc.flags = is_final ? EDGEML_STAGE_FINAL : 0;
        chain_->add({desc, networks_.back().get(), in, exit > 0 ? nullptr : out, exit > 0 ? out : nullptr});
        ++stages_;
    };
    auto buffer = [&](std::int64_t count) {
        buffers_.push_back(std::make_unique<Buffer>(device, static_cast<std::uint64_t>(count) * sizeof(float), 0));
        return buffers_.back().get();
    };
    const Buffer *scores = buffer(classes), *at = buffer(width);
    std::swap(buffers_[0], buffers_[1]); // the input first
    for (int exit = 1; exit <= exits + 1; ++exit) {
        const Buffer *next = buffer(width);
        add(width, unit_ns, at, next, 0, false);
        add(classes, head_ns, next, scores, exit, exit == exits + 1);
        at = next;
    }
}

void Line::set_input(bool easy) {
    auto *x = reinterpret_cast<float *>(buffers_[0]->data());
    std::fill_n(x, width, 0.0f);
    x[3] = easy ? 5.0f : 0.0f;
}

edgeml_run_result Line::run() {
    float thresholds[EDGEML_MAX_EXITS];
    std::fill(std::begin(thresholds), std::end(thresholds), 0.5f);
    edgeml_run_desc desc{};
    desc.struct_size = sizeof desc;
    desc.thresholds = thresholds;
    desc.threshold_count = static_cast<std::uint32_t>(exits_);
    edgeml_run_result result{};
    chain_->run(result, desc, nullptr);
    return result;
}

Spread measure_us(int runs, const std::function<void()> &body) {
    using Clock = std::chrono::steady_clock;
    for (int i = 0; i < runs / 10 + 1; ++i)
        body();
    std::vector<double> us;
    double sum = 0;
    for (int i = 0; i < runs; ++i) {
        auto begin = Clock::now();
        body();
        us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
        sum += us.back();
    }
    std::sort(us.begin(), us.end());
    return {sum / runs, us[us.size() / 2], us[us.size() * 99 / 100]};
}

} // namespace bench
