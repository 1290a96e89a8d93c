// What the parts of gpu_bench share: the device, stand-in networks, timing, and the page.
#pragma once

#include "backends/cuda/chain.h"

#include <chrono>
#include <cstdarg>
#include <fstream>
#include <functional>
#include <string>
#include <vector>

namespace bench {

using namespace edgeml;
using namespace edgeml::cuda;

// What a segment reads or writes: one row of floats.
inline TensorInfo float_row(const char *name, std::int64_t count) {
    TensorInfo info;
    info.name = name;
    info.dtype = EDGEML_DTYPE_F32;
    info.dims = {1, count};
    info.bytes = static_cast<std::uint64_t>(count) * sizeof(float);
    return info;
}

struct Session {
    std::shared_ptr<const Device> device;
    int runs = 2000;     // per measured figure
    int vectors = 10000; // per type of logits
    bool is_quick = false;
    int failures = 0;
    Route fastest = Route::automatic; // at half of the exits early, of the stand-ins that cost something
    std::ofstream page;               // written line by line: finished measurements are kept however the rest ends

    __attribute__((format(printf, 2, 3))) void line(const char *format, ...);
    void expect(bool ok, const char *what); // a wrong answer: counted, and on the page
    bool is_double() const { return device->name == "Fake CUDA device"; }

    // The double computes the shipped model on one core of the host.
    int model_runs() const { return is_double() ? 4 : runs / 4; }
    int arena_runs() const { return is_double() ? 40 : is_quick ? 1000 : 100000; }
    static constexpr std::chrono::seconds arena_limit{90}; // a small device does what it can in that time
};

struct Spread {
    double mean = 0, p50 = 0, p99 = 0;
};
Spread measure_us(int runs, const std::function<void()> &body); // after a tenth of it as warm-up

// A segment of known cost: out = 3 in + 1, then the device is held for `ns`. Of one device, on one thread.
class StandIn final : public DeviceNetwork {
  public:
    StandIn(std::shared_ptr<const Device> device, std::int64_t inputs, std::int64_t outputs, std::uint64_t ns);
    std::unique_ptr<Segment> place(std::span<const DeviceSlot> inputs, std::span<const DeviceSlot> outputs,
                                   CUdeviceptr scratch) const override;
    std::unique_ptr<Outputs> run_once(std::span<const void *const> inputs) const override;

  private:
    const std::shared_ptr<const Device> device_;
    const std::uint64_t ns_;
    const std::shared_ptr<const Module> module_;
    const CUfunction function_;
};

// `exits` times a unit and a head, then a unit and the final head, over one device.
class Line {
  public:
    Line(const std::shared_ptr<const Device> &device, Route route, int exits, std::uint64_t unit_ns,
         std::uint64_t head_ns, Wait wait = Wait::spin);
    void set_input(bool easy); // easy leaves at the first exit, the other never
    edgeml_run_result run();   // thresholds 0.5
    Chain::Report report() const { return chain_->report(); }
    int stages() const { return stages_; }

    static constexpr std::int64_t width = 3072, classes = 10;

  private:
    std::vector<std::unique_ptr<StandIn>> networks_;
    std::vector<std::unique_ptr<Buffer>> buffers_;
    std::unique_ptr<Chain> chain_; // goes first
    int stages_ = 0;
    int exits_;
};

void measure_decisions(Session &session);
void measure_routes(Session &session);
void measure_memory(Session &session);
void measure_waiting(Session &session);
void measure_model(Session &session);
void measure_loading(Session &session);
void measure_sensors(Session &session);
int first_run();

} // namespace bench
