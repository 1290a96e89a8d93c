// One range of stages with one set of exits, ready to run on one of the routes.
#pragma once

#include "backends/cuda/chain.h"
#include "backends/cuda/kernel_set.h"

#include <optional>

namespace edgeml::cuda {

// A stage of a chain with its addresses bound, and its work as a graph where it could be captured.
struct PlacedStage {
    edgeml_stage desc{};
    const DeviceNetwork *network = nullptr;
    const Buffer *input = nullptr;
    const Buffer *boundary = nullptr;
    const Buffer *logits = nullptr;
    std::unique_ptr<Segment> segment; // null until a plan needs it
    Graph graph;
    bool capture_failed = false;

    bool is_final() const noexcept { return (desc.flags & EDGEML_STAGE_FINAL) != 0; }
    bool is_side_head_alone() const noexcept { return logits != nullptr && boundary == nullptr && !is_final(); }
    const TensorInfo &input_tensor() const { return network->inputs()[0]; }
    const TensorInfo &boundary_tensor() const { return network->outputs()[desc.boundary_output]; }
    const TensorInfo &logits_tensor() const { return network->outputs()[desc.logits_output]; }
};

struct PlanKey {
    std::uint32_t first = 0;
    std::uint32_t end = 0;
    std::uint32_t tried = 0; // bit exit_index - 1
    bool timed = false;
    bool operator==(const PlanKey &) const = default;
};

// A piece of work, in the order of the stream.
struct Step {
    enum class Kind { copy_in, segment, call, copy_out } kind;
    std::uint32_t stage = 0; // segment; copy_in reads its input, copy_out its boundary
    std::optional<KernelCall> call;
    bool is_exit = false; // a call that decides
};

// Steps up to a decision of which the host, or a condition, has to know.
struct Stretch {
    std::vector<Step> steps;
    std::uint32_t exit_stage = none; // whose exit ends it; none: the cut is published
    GraphExec exec;                  // route B
    static constexpr std::uint32_t none = ~0u;
};

struct Plan {
    PlanKey key;
    Route route = Route::streams;
    std::vector<std::uint32_t> stages;        // in order
    std::vector<std::uint32_t> stage_stretch; // of each of them
    std::vector<Stretch> stretches;
    GraphExec whole;                         // route A
    std::uint32_t cut_stage = Stretch::none; // whose boundary is the cut; none: the input
    std::uint64_t last_use = 0;
};

// Fills stages and stretches.
void lay_out(Plan &plan, const std::vector<PlacedStage> &stages, const KernelSet &kernels, CUdeviceptr mailbox);

// Makes the graphs of a route. Every segment has been captured. Throws Error with the reason.
void build_stages(Plan &plan, const std::vector<PlacedStage> &stages, const std::shared_ptr<const Device> &device,
                  CUstream stream);
void build_whole(Plan &plan, const std::vector<PlacedStage> &stages, const std::shared_ptr<const Device> &device,
                 const KernelSet &kernels, CUstream stream);

// Puts a stage's segment on a stream, outside of captures. An inference library does not say why its kernels were not
// taken; the driver does: EDGEML_E_DEVICE_LOST instead of the segment's own error.
void enqueue(const PlacedStage &stage, const Device &device, CUstream stream);

// Puts a step on a stream.
void issue(const Step &step, const std::vector<PlacedStage> &stages, const Device &device, CUstream stream);

// The work that `work` puts on the stream, as a graph. EDGEML_E_UNSUPPORTED when the capture breaks.
template <class Work> Graph capture(const std::shared_ptr<const Device> &device, CUstream stream, Work &&work) {
    const Driver &driver = *device->driver;
    std::lock_guard held(Device::capture_lock());
    driver.check(driver.capture_begin(stream, capture_thread_local), "cuStreamBeginCapture");
    std::string cause;
    edgeml_status status = EDGEML_OK;
    try {
        work();
    } catch (const Error &e) { // the capture has to be ended first
        status = e.status();
        cause = e.what();
    }
    CUgraph graph = nullptr;
    CUresult ended = driver.capture_end(stream, &graph);
    Graph owned(device, graph);
    if (status == EDGEML_E_DEVICE_LOST || status == EDGEML_E_OUT_OF_MEMORY)
        throw Error(status, cause);
    if (status != EDGEML_OK)
        throw Error(EDGEML_E_UNSUPPORTED, "a segment cannot be captured: " + cause);
    driver.check(ended, "cuStreamEndCapture", EDGEML_E_UNSUPPORTED);
    return owned;
}

} // namespace edgeml::cuda
