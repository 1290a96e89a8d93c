#pragma once

#include "weight_set.h"

namespace edgeml::ort {

// A session. ONNX Runtime allows any number of threads to run it at once.
class OrtNetwork final : public Network {
  public:
    OrtNetwork(std::shared_ptr<Runtime> runtime, std::span<const std::byte> model, std::uint32_t optimization,
               const OrtWeightSet *weights);
    ~OrtNetwork() override;

    static bool write_optimized(const Runtime &runtime, std::span<const std::byte> model, std::uint32_t optimization,
                                const OrtWeightSet *weights, const char *path);

    std::unique_ptr<Binding> bind(std::span<const Slot> inputs, std::span<const Slot> outputs) const override;
    std::unique_ptr<Outputs> run_once(std::span<const void *const> inputs) const override;

  private:
    void describe();
    TensorInfo describe(bool is_input, std::size_t index) const;

    const std::shared_ptr<Runtime> runtime_;
    OrtSession *session_ = nullptr;
};

} // namespace edgeml::ort
