// The routes' view of an inference library: work that a stream takes, with every address fixed.
#pragma once

#include "backend.h"
#include "backends/cuda/driver.h"

#include <memory>
#include <span>

namespace edgeml::cuda {

// A network bound to device addresses for good. One thread at a time; the device's context is current in every call.
class Segment {
  public:
    virtual ~Segment() = default;

    // Enqueues one run on `stream` and returns without waiting. Called first outside of any capture (warm-up), then
    // once inside a thread-local capture, later again outside (route C): it must not synchronise, allocate device
    // memory or load modules after its first call. Throws Error; in a capture the caller then falls back to route C.
    virtual void enqueue(CUstream stream) = 0;

    // False: never captured, the chain runs on route C.
    virtual bool capturable() const noexcept { return true; }
};

// A network that runs on a device. Any thread.
class DeviceNetwork : public Network {
  public:
    struct DeviceSlot {
        std::size_t index;  // of the input or output
        CUdeviceptr memory; // 256-byte aligned, as many bytes as the tensor has
    };

    // `scratch` has at least scratch_bytes() bytes, 256-byte aligned (0 when none are needed). Segments of one chain
    // share it, because they run one after another on one stream.
    virtual std::unique_ptr<Segment> place(std::span<const DeviceSlot> inputs, std::span<const DeviceSlot> outputs,
                                           CUdeviceptr scratch) const = 0;
    std::uint64_t scratch_bytes() const noexcept { return scratch_bytes_; }

    // Chains of a device place segments instead.
    std::unique_ptr<Binding> bind(std::span<const Slot>, std::span<const Slot>, std::uint32_t) const final {
        throw Error(EDGEML_E_INTERNAL, "a network of a device is bound by its chain");
    }

  protected:
    std::uint64_t scratch_bytes_ = 0;
};

} // namespace edgeml::cuda
