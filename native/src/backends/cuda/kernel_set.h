// The exit kernels, loaded into a device.
#pragma once

#include "backends/cuda/device.h"
#include "backends/cuda/record.h"

namespace edgeml::cuda {

// Two modules, because a driver without conditional nodes refuses the whole text that mentions them. Any thread.
class KernelSet {
  public:
    explicit KernelSet(std::shared_ptr<const Device> device);

    // The one of this device, as long as it is held.
    static std::shared_ptr<const KernelSet> join(const std::shared_ptr<const Device> &device);

    CUfunction exit = nullptr;
    CUfunction publish = nullptr;
    CUfunction stamp = nullptr;
    CUfunction exit_conditional = nullptr; // null: see no_conditional
    std::string no_conditional;

  private:
    Module basic_;
    Module graph_;
};

// A launch of one of them with its one parameter.
struct KernelCall {
    CUfunction function = nullptr;
    unsigned threads = 1;
    union {
        ExitArguments exit;
        PublishArguments publish;
        StampArguments stamp;
    };

    static KernelCall of_exit(CUfunction function, const ExitArguments &arguments);
    static KernelCall of_publish(CUfunction function, const PublishArguments &arguments);
    static KernelCall of_stamp(CUfunction function, const StampArguments &arguments);
    void launch(const Device &device, CUstream stream) const;
    CUgraphNode add(const Device &device, CUgraph graph, CUgraphNode after) const;
};

} // namespace edgeml::cuda
