// One TensorRT of this process on one device.
#pragma once

#include "backends/cuda/device.h"
#include "search.h"

#include <memory>

namespace edgeml::trt {

// Any thread. TensorRT's runtime object belongs to a device and is made once per process.
class Library {
  public:
    // Shares the instance that serves the same file on the same device.
    static std::shared_ptr<const Library> join(const Choice &choice, std::shared_ptr<const cuda::Device> device);

    Library(Choice choice, std::shared_ptr<const cuda::Device> device);
    ~Library();
    Library(const Library &) = delete;
    Library &operator=(const Library &) = delete;

    // Turns a failed call of the plug-in into an Error.
    void check(edgeml_status status, const edgeml_trt_error &error) const;

    const Choice choice;
    const std::shared_ptr<const cuda::Device> device;
    const edgeml_trt_plugin &table = *choice.table;
    edgeml_trt_runtime *runtime = nullptr;
};

// Owns objects that the plug-in frees. A device that is given up may still work with it: then it stays.
template <class T> class PluginOwned {
  public:
    using Release = void (*)(T *);
    PluginOwned(std::shared_ptr<const Library> library, T *object, Release release)
        : library_(std::move(library)), object_(object), release_(release) {}
    PluginOwned(const PluginOwned &) = delete;
    PluginOwned &operator=(const PluginOwned &) = delete;
    ~PluginOwned() {
        if (library_->device->is_given_up()) {
            cuda::Device::keep(reinterpret_cast<std::uint64_t>(object_));
            return;
        }
        cuda::Releasing scope(*library_->device);
        release_(object_);
    }
    T *get() const noexcept { return object_; }
    const Library &library() const noexcept { return *library_; }

  private:
    const std::shared_ptr<const Library> library_;
    T *const object_;
    const Release release_;
};

} // namespace edgeml::trt
