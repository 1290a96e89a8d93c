#pragma once

#include "own_threads.h"
#include "weight_set.h"

namespace edgeml::ort {

// A session. ONNX Runtime allows any number of threads to run it at once.
class OrtNetwork final : public Network {
  public:
    OrtNetwork(std::shared_ptr<Runtime> runtime, const SessionSetup &setup, std::span<const std::byte> model,
               std::uint32_t optimization, const OrtWeightSet *weights, const char *folder);
    ~OrtNetwork() override;

    // One session for ranges that would run one after the other, each in the layouts it has alone; also for a single
    // one, whose filters are shared then.
    static std::unique_ptr<OrtNetwork> join(std::shared_ptr<Runtime> runtime, const SessionSetup &setup,
                                            std::span<const Range> ranges, OrtWeightSet &weights,
                                            std::uint64_t copy_limit, std::uint32_t optimization);

    std::unique_ptr<Binding> bind(std::span<const Slot> inputs, std::span<const Slot> outputs,
                                  std::uint32_t rows) const override;
    std::unique_ptr<Outputs> run_once(std::span<const void *const> inputs) const override;

  private:
    void describe();
    TensorInfo describe(bool is_input, std::size_t index) const;

    const std::shared_ptr<Runtime> runtime_;
    OrtSession *session_ = nullptr;
};

} // namespace edgeml::ort
