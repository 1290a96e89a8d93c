// Networks whose work runs as kernels of the fake driver, and contexts over them, so that the C ABI drives the routes.
#pragma once

#include "backends/cuda/chain.h"
#include "buffer.h"
#include "check.h"
#include "engine.h"
#include "fake_cuda.h"

#include <functional>
#include <random>

namespace test {

using namespace edgeml;

extern "C" int cuLaunchHostFunc(CUstream_st *stream, void (*function)(void *), void *user);

// How a segment misbehaves.
enum class Habit { good, host_node, breaks_capture, not_capturable, fails };

// y = tanh-free mixing of x, logits = a projection of x: deterministic, so host and device give the same bits.
struct Dense {
    static constexpr int width = 16, classes = 10;
    int salt = 0;
    void boundary(const float *x, float *y) const {
        for (int i = 0; i < width; ++i)
            y[i] = 0.75f * x[(i * 5 + salt) % width] - 0.5f * x[(i * 3 + 1) % width] + 0.01f * static_cast<float>(i);
    }
    void logits(const float *x, float *z) const {
        for (int c = 0; c < classes; ++c)
            z[c] = 2.0f * x[(c + salt) % width] - x[(c * 7 + 3) % width];
    }
};

struct DenseShape {
    bool boundary = true;
    bool logits = false;
    std::uint32_t logits_dtype = EDGEML_DTYPE_F32;
};

inline std::uint32_t slot_index(const DenseShape &shape, bool logits) {
    return logits && shape.boundary ? 1 : 0;
}

std::vector<TensorInfo> dense_inputs();
std::vector<TensorInfo> dense_outputs(const DenseShape &shape);

// On the caller's thread.
class HostDense final : public Network {
  public:
    HostDense(Dense math, DenseShape shape);
    std::unique_ptr<Binding> bind(std::span<const Slot> inputs, std::span<const Slot> outputs,
                                  std::uint32_t rows) const override;
    std::unique_ptr<Outputs> run_once(std::span<const void *const>) const override { return nullptr; }

  private:
    const Dense math_;
    const DenseShape shape_;
};

// The same as kernels.
class DeviceDense final : public cuda::DeviceNetwork {
  public:
    DeviceDense(std::shared_ptr<const cuda::Device> device, Dense math, DenseShape shape, Habit habit);
    std::unique_ptr<cuda::Segment> place(std::span<const DeviceSlot> inputs, std::span<const DeviceSlot> outputs,
                                         cuda::CUdeviceptr scratch) const override;
    std::unique_ptr<Outputs> run_once(std::span<const void *const> inputs) const override;

  private:
    const std::shared_ptr<const cuda::Device> device_;
    const Dense math_;
    const DenseShape shape_;
    const Habit habit_;
};

// Any host network as kernels.
class DeviceHosted final : public cuda::DeviceNetwork {
  public:
    DeviceHosted(std::shared_ptr<const cuda::Device> device, std::unique_ptr<Network> host);
    std::unique_ptr<cuda::Segment> place(std::span<const DeviceSlot> inputs, std::span<const DeviceSlot> outputs,
                                         cuda::CUdeviceptr scratch) const override;
    std::unique_ptr<Outputs> run_once(std::span<const void *const> inputs) const override;

  private:
    const std::shared_ptr<const cuda::Device> device_;
    const std::unique_ptr<Network> host_;
};

// A backend over one of the two; `device` null is the host. With `inner`, models are loaded by that backend.
class DoubleBackend final : public Backend {
  public:
    DoubleBackend(std::shared_ptr<const cuda::Device> device, cuda::ChainOptions options,
                  std::shared_ptr<Backend> inner = nullptr)
        : device_(std::move(device)), options_(options), inner_(std::move(inner)) {}

    void describe(edgeml_context_info &) const override {}
    std::unique_ptr<WeightSet> make_weights() override { return nullptr; }
    std::unique_ptr<Network> load(std::span<const std::byte> model, std::uint32_t optimization, WeightSet *weights,
                                  const char *folder, const Progress &progress) override;
    std::unique_ptr<Memory> make_memory(std::uint64_t data_bytes, std::uint64_t headroom_bytes) override;
    std::unique_ptr<Runner> make_runner() override;

    const std::shared_ptr<const cuda::Device> &device() const { return device_; }
    cuda::Chain *last_chain = nullptr; // made by make_runner

  private:
    const std::shared_ptr<const cuda::Device> device_;
    const cuda::ChainOptions options_;
    const std::shared_ptr<Backend> inner_;
};

// EDGEML_TEST_DRIVER with the faults given.
std::shared_ptr<const cuda::Device> fake_device();

// unit, head 1, unit, unit + head 2 in one, unit, final: a chain with everything. Destroys itself.
class Rig {
  public:
    explicit Rig(std::shared_ptr<const cuda::Device> device, cuda::ChainOptions options = {}, Habit habit = Habit::good,
                 std::uint32_t logits_dtype = EDGEML_DTYPE_F32);
    ~Rig();
    Rig(const Rig &) = delete;

    void set_input(std::uint32_t seed, float scale);
    edgeml_status try_run(edgeml_run_result &result, std::vector<float> thresholds, std::uint32_t first = 0,
                          std::uint32_t count = 0, std::uint64_t *ns = nullptr);
    edgeml_run_result run(std::vector<float> thresholds, std::uint32_t first = 0, std::uint32_t count = 0,
                          std::uint64_t *ns = nullptr);
    cuda::Chain::Report report() const { return backend_->last_chain->report(); }

    static constexpr int stages = 6;
    static constexpr int most_rows = 8;
    std::vector<edgeml_buffer *> tensors; // input, after unit 1..4
    edgeml_buffer *scores = nullptr;
    edgeml_chain *chain = nullptr;
    edgeml_context *context = nullptr;

  private:
    void close();
    std::shared_ptr<DoubleBackend> backend_;
    std::vector<edgeml_engine *> engines_;
};

// Everything a caller can tell apart, bit by bit, but pointers, times and the route.
bool same(const edgeml_run_result &a, const edgeml_run_result &b);

edgeml_fake_cuda_counts counts();
void faults(const char *text); // and revives the device

} // namespace test
