// The shipped model on a device: its units and heads as segments of plain PTX kernels, run by the routes.
#pragma once

#include "bench.h"
#include "shipped_model.h"

namespace bench {

std::shared_ptr<const Module> layer_kernels(const std::shared_ptr<const Device> &device);

// A unit or a head. Its weights lie on the device.
class PieceNetwork final : public DeviceNetwork {
  public:
    PieceNetwork(std::shared_ptr<const Device> device, std::shared_ptr<const Module> kernels, const Piece &piece,
                 CUstream stream);
    std::unique_ptr<Segment> place(std::span<const DeviceSlot> inputs, std::span<const DeviceSlot> outputs,
                                   CUdeviceptr scratch) const override;
    std::unique_ptr<Outputs> run_once(std::span<const void *const> inputs) const override;

  private:
    const std::shared_ptr<const Device> device_;
    const std::shared_ptr<const Module> kernels_;
    const Piece &piece_;
    std::uint64_t half_scratch_ = 0;
    std::vector<std::unique_ptr<Buffer>> weights_, biases_; // by layer, null for one without
};

class ShippedChain {
  public:
    // `model` outlives it.
    ShippedChain(const std::shared_ptr<const Device> &device, const ShippedModel &model, Route route);

    edgeml_run_result run(const std::vector<float> &image, const std::vector<float> &thresholds,
                          std::uint32_t stages = 0, std::uint64_t *stage_ns = nullptr);
    Chain::Report report() const { return chain_->report(); }

    // Stages up to the end of a unit, its head not included.
    std::uint32_t stages_before(std::size_t unit) const { return unit_stage_[unit - 1] + 1; }
    std::uint32_t stages() const { return stages_; }

  private:
    std::vector<std::unique_ptr<PieceNetwork>> networks_;
    std::vector<std::unique_ptr<Buffer>> buffers_; // the input first
    std::unique_ptr<Chain> chain_;                 // goes first
    std::vector<std::uint32_t> unit_stage_;
    std::uint32_t stages_ = 0;
};

} // namespace bench
