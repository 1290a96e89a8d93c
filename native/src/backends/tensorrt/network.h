#pragma once

#include "backends/cuda/segment.h"
#include "library.h"

namespace edgeml::trt {

// An engine: a plan, loaded. TensorRT lets any number of threads make contexts of it; each context serves one.
class TrtNetwork final : public cuda::DeviceNetwork {
  public:
    // Inputs and outputs are named in the model's order; the plan must have exactly these.
    TrtNetwork(std::shared_ptr<const Library> library, std::span<const std::byte> plan,
               const std::vector<std::string> &inputs, const std::vector<std::string> &outputs);

    std::unique_ptr<cuda::Segment> place(std::span<const DeviceSlot> inputs, std::span<const DeviceSlot> outputs,
                                         cuda::CUdeviceptr scratch) const override;
    std::unique_ptr<Outputs> run_once(std::span<const void *const> inputs) const override;

  private:
    using Engine = PluginOwned<edgeml_trt_engine>;

    void describe(const std::vector<std::string> &names, bool is_input, std::vector<TensorInfo> &tensors,
                  std::vector<std::uint32_t> &positions) const;

    const std::shared_ptr<const Library> library_;
    std::shared_ptr<const Engine> engine_;
    std::vector<std::uint32_t> input_positions_; // in the engine's own order of tensors
    std::vector<std::uint32_t> output_positions_;
};

} // namespace edgeml::trt
