#include "backends/cuda/chain.h"

namespace edgeml::cuda {

namespace {

constexpr std::int64_t classes = 2;

TensorInfo scores(const char *name) {
    TensorInfo info;
    info.name = name;
    info.dtype = EDGEML_DTYPE_F32;
    info.dims = {1, classes};
    info.bytes = classes * sizeof(float);
    return info;
}

// Fills its output with zeros: logits that no threshold below 1 exits on.
class Zeros final : public Segment {
  public:
    Zeros(const Driver &driver, CUdeviceptr memory) : driver_(driver), memory_(memory) {}
    void enqueue(CUstream stream) override {
        driver_.check(driver_.fill(memory_, 0, classes * sizeof(float), stream), "cuMemsetD8Async");
    }

  private:
    const Driver &driver_;
    const CUdeviceptr memory_;
};

class ZerosNetwork final : public DeviceNetwork {
  public:
    explicit ZerosNetwork(std::shared_ptr<const Device> device) : device_(std::move(device)) {
        inputs_.push_back(scores("in"));
        outputs_.push_back(scores("out"));
    }
    std::unique_ptr<Segment> place(std::span<const DeviceSlot>, std::span<const DeviceSlot> outputs,
                                   CUdeviceptr) const override {
        return std::make_unique<Zeros>(*device_->driver, outputs[0].memory);
    }
    std::unique_ptr<Outputs> run_once(std::span<const void *const> inputs) const override {
        return cuda::run_once(device_, *this, inputs);
    }

  private:
    const std::shared_ptr<const Device> device_;
};

} // namespace

Chain::Report probe_route(const std::shared_ptr<const Device> &device, const ChainOptions &options) {
    const ZerosNetwork network(device);
    const Buffer in(device, classes * sizeof(float), 0), out(device, classes * sizeof(float), 0);
    std::unique_ptr<Chain> chain = make_chain(device, options);
    edgeml_stage stage{};
    stage.struct_size = sizeof stage;
    stage.classes = classes;
    stage.exit_index = 1;
    chain->add({stage, &network, &in, nullptr, &out});
    stage.exit_index = 2;
    stage.flags = EDGEML_STAGE_FINAL;
    chain->add({stage, &network, &in, nullptr, &out});
    const float threshold = 0.5f;
    edgeml_run_desc run{};
    run.struct_size = sizeof run;
    run.thresholds = &threshold;
    run.threshold_count = 1;
    edgeml_run_result result{};
    chain->run(result, run, nullptr);
    if (result.outcome != EDGEML_OUTCOME_FINAL || result.exit_index != 2)
        throw Error(EDGEML_E_RUN_FAILED,
                    "a trial chain answered at exit " + std::to_string(result.exit_index) + " of 2");
    return chain->report();
}

} // namespace edgeml::cuda
