#include "backends/cuda/chain.h"
#include "backends/cuda/wait.h"

#include <cstring>

namespace edgeml::cuda {

namespace {

class PinnedOutputs final : public Outputs {
  public:
    void add(const TensorInfo &info, std::unique_ptr<Buffer> buffer) {
        entries_.push_back({info, buffer->data()});
        buffers_.push_back(std::move(buffer));
    }

  private:
    std::vector<std::unique_ptr<Buffer>> buffers_;
};

} // namespace

std::unique_ptr<Outputs> run_once(std::shared_ptr<const Device> device, const DeviceNetwork &network,
                                  std::span<const void *const> inputs) {
    const Driver &driver = *device->driver;
    Current current(*device);
    Stream stream = make_stream(device);
    DeviceMemory scratch;
    if (network.scratch_bytes() > 0)
        scratch = allocate_device(device, static_cast<std::size_t>(network.scratch_bytes()));
    std::vector<std::unique_ptr<Buffer>> input_buffers;
    std::vector<DeviceNetwork::DeviceSlot> input_slots, output_slots;
    for (std::size_t i = 0; i < network.inputs().size(); ++i) {
        std::uint64_t bytes = network.inputs()[i].bytes;
        Buffer &buffer = *input_buffers.emplace_back(std::make_unique<Buffer>(device, bytes, 0));
        std::memcpy(buffer.data(), inputs[i], static_cast<std::size_t>(bytes));
        driver.check(
            driver.copy_to_device(buffer.device(), buffer.data(), static_cast<std::size_t>(bytes), stream.get()),
            "cuMemcpyHtoDAsync");
        input_slots.push_back({i, buffer.device()});
    }
    auto outputs = std::make_unique<PinnedOutputs>();
    std::vector<Buffer *> output_buffers;
    for (std::size_t i = 0; i < network.outputs().size(); ++i) {
        auto buffer = std::make_unique<Buffer>(device, network.outputs()[i].bytes, 0);
        output_slots.push_back({i, buffer->device()});
        output_buffers.push_back(buffer.get());
        outputs->add(network.outputs()[i], std::move(buffer));
    }
    std::unique_ptr<Segment> segment;
    {
        std::lock_guard held(Device::capture_lock()); // first calls may load and allocate
        segment = network.place(input_slots, output_slots, scratch.get());
        segment->enqueue(stream.get());
    }
    for (std::size_t i = 0; i < output_buffers.size(); ++i)
        driver.check(driver.copy_to_host(output_buffers[i]->data(), output_buffers[i]->device(),
                                         static_cast<std::size_t>(network.outputs()[i].bytes), stream.get()),
                     "cuMemcpyDtoHAsync");
    try {
        wait_until_idle(*device, stream.get(), ChainOptions::from_environment().limit_ms);
    } catch (const Error &) {
        if (device->is_given_up()) // and may still work with the segment's memory
            Device::keep(reinterpret_cast<std::uint64_t>(segment.release()));
        throw;
    }
    return outputs;
}

} // namespace edgeml::cuda
