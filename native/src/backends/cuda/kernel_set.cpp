#include "backends/cuda/kernel_set.h"

#include "backends/cuda/ptx.h"
#include "exit_decision/decision.h"

#include <map>

namespace edgeml::cuda {

KernelSet::KernelSet(std::shared_ptr<const Device> device) {
    basic_ = load_module(device, exit_basic_ptx);
    exit = find_function(*device, basic_, "edgeml_exit");
    publish = find_function(*device, basic_, "edgeml_publish");
    stamp = find_function(*device, basic_, "edgeml_stamp");
    if (!device->driver->has_conditional_nodes()) {
        no_conditional = "conditional nodes need CUDA 12.4, the driver is " +
                         std::to_string(device->driver->version / 1000) + "." +
                         std::to_string(device->driver->version % 1000 / 10);
        return;
    }
    try {
        graph_ = load_module(device, exit_graph_ptx);
        exit_conditional = find_function(*device, graph_, "edgeml_exit_conditional");
    } catch (const Error &e) {
        if (e.status() != EDGEML_E_UNSUPPORTED)
            throw;
        no_conditional = e.what();
    }
}

std::shared_ptr<const KernelSet> KernelSet::join(const std::shared_ptr<const Device> &device) {
    static std::mutex lock;
    static std::map<std::weak_ptr<const Device>, std::weak_ptr<const KernelSet>, std::owner_less<>> sets;
    std::lock_guard held(lock);
    std::erase_if(sets, [](const auto &entry) { return entry.second.expired(); });
    std::weak_ptr<const KernelSet> &known = sets[device];
    std::shared_ptr<const KernelSet> set = known.lock();
    if (set == nullptr)
        known = set = std::make_shared<KernelSet>(device);
    return set;
}

KernelCall KernelCall::of_exit(CUfunction function, const ExitArguments &arguments) {
    KernelCall call;
    call.function = function;
    call.threads = static_cast<unsigned>(lanes_for(arguments.classes));
    call.exit = arguments;
    return call;
}

KernelCall KernelCall::of_publish(CUfunction function, const PublishArguments &arguments) {
    KernelCall call;
    call.function = function;
    call.publish = arguments;
    return call;
}

KernelCall KernelCall::of_stamp(CUfunction function, const StampArguments &arguments) {
    KernelCall call;
    call.function = function;
    call.stamp = arguments;
    return call;
}

void KernelCall::launch(const Device &device, CUstream stream) const {
    void *parameters[] = {const_cast<ExitArguments *>(&exit)};
    device.driver->check(device.driver->launch(function, 1, 1, 1, threads, 1, 1, 0, stream, parameters, nullptr),
                         "cuLaunchKernel");
}

CUgraphNode KernelCall::add(const Device &device, CUgraph graph, CUgraphNode after) const {
    void *parameters[] = {const_cast<ExitArguments *>(&exit)};
    KernelNodeParamsV2 node{{function, {1, 1, 1}, {threads, 1, 1}, 0, parameters, nullptr}, nullptr, device.context};
    CUgraphNode added = nullptr;
    std::size_t after_count = after != nullptr ? 1 : 0;
    const Driver &driver = *device.driver;
    driver.check(driver.add_kernel_v2 != nullptr ? driver.add_kernel_v2(&added, graph, &after, after_count, &node)
                                                 : driver.add_kernel(&added, graph, &after, after_count, &node),
                 "cuGraphAddKernelNode");
    return added;
}

} // namespace edgeml::cuda
