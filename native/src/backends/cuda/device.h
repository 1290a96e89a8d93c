// A device, its primary context, and allocations in it. Everything releases itself; nothing throws on the way.
#pragma once

#include "backend.h"
#include "backends/cuda/driver.h"

#include <atomic>
#include <mutex>
#include <utility>

namespace edgeml::cuda {

// The primary context of one device, retained. TensorRT works in the same one. Any thread.
class Device {
  public:
    // EDGEML_E_BACKEND_MISSING: the driver has no device `ordinal`.
    Device(std::shared_ptr<const Driver> driver, int ordinal);
    ~Device();
    Device(const Device &) = delete;
    Device &operator=(const Device &) = delete;

    const std::shared_ptr<const Driver> driver;
    const int ordinal;
    CUdevice device = 0;
    CUcontext context = nullptr;
    std::string name;
    std::string pci_bus_id;
    int compute_major = 0;
    int compute_minor = 0;
    int sm_count = 0;
    bool integrated = false;
    std::uint64_t bytes = 0;

    // For a device that does not end its work: from now on every use of it is EDGEML_E_DEVICE_LOST with this text, and
    // nothing that it may still read or write is released.
    [[noreturn]] void give_up(const std::string &why) const;
    bool is_given_up() const noexcept;
    void require() const; // EDGEML_E_DEVICE_LOST when it is given up

    // Keeps unreleased objects for the life of the process.
    static void keep(std::uint64_t handle) noexcept;

    // Held by captures, and by whatever would break one on another thread: release of anything (it may synchronise),
    // loading of kernels and engines, the first call of a segment. Process-wide, because a capture sees the whole
    // device.
    static std::recursive_mutex &capture_lock();

  private:
    mutable std::atomic<bool> given_up_{false};
    mutable std::string why_; // written before given_up_, under the capture lock
};

// Makes the device's context current on this thread for a scope.
class Current {
  public:
    explicit Current(const Device &device) : device_(device) {
        device_.require();
        device_.driver->check(device_.driver->context_push(device_.context), "cuCtxPushCurrent");
    }
    ~Current() {
        CUcontext ignored = nullptr;
        device_.driver->context_pop(&ignored);
    }
    Current(const Current &) = delete;
    Current &operator=(const Current &) = delete;

  private:
    const Device &device_;
};

// The scope of a release: no capture is under way, and the context is current unless the device is lost, which then
// does not matter. Nothing throws.
class Releasing {
  public:
    explicit Releasing(const Device &device) noexcept
        : held_(Device::capture_lock()), driver_(*device.driver),
          pushed_(driver_.context_push(device.context) == cuda_success) {}
    ~Releasing() {
        CUcontext ignored = nullptr;
        if (pushed_)
            driver_.context_pop(&ignored);
    }
    Releasing(const Releasing &) = delete;
    Releasing &operator=(const Releasing &) = delete;

  private:
    const std::lock_guard<std::recursive_mutex> held_;
    const Driver &driver_;
    const bool pushed_;
};

// A driver object with one way to release it.
template <class Handle, CUresult (*Driver::*Release)(Handle)> class Owned {
  public:
    Owned() noexcept = default;
    Owned(std::shared_ptr<const Device> device, Handle handle) noexcept : device_(std::move(device)), handle_(handle) {}
    Owned(Owned &&other) noexcept
        : device_(std::move(other.device_)), handle_(std::exchange(other.handle_, Handle{})) {}
    Owned &operator=(Owned &&other) noexcept {
        std::swap(device_, other.device_);
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~Owned() {
        if (handle_ == Handle{})
            return;
        if (device_->is_given_up()) {
            Device::keep(std::uint64_t(handle_));
            return;
        }
        Releasing scope(*device_);
        ((*device_->driver).*Release)(handle_); // a failure says that the device is lost, which the next call reports
    }

    Handle get() const noexcept { return handle_; }
    explicit operator bool() const noexcept { return handle_ != Handle{}; }

  private:
    std::shared_ptr<const Device> device_;
    Handle handle_{};
};

using DeviceMemory = Owned<CUdeviceptr, &Driver::device_free>;
using HostMemory = Owned<void *, &Driver::host_free>;
using Stream = Owned<CUstream, &Driver::stream_destroy>;
using Event = Owned<CUevent, &Driver::event_destroy>;
using Module = Owned<CUmodule, &Driver::module_unload>;
using Graph = Owned<CUgraph, &Driver::graph_destroy>;
using GraphExec = Owned<CUgraphExec, &Driver::exec_destroy>;

// Each makes the context current itself. EDGEML_E_OUT_OF_MEMORY names the bytes.
DeviceMemory allocate_device(std::shared_ptr<const Device> device, std::size_t bytes);
HostMemory allocate_pinned(std::shared_ptr<const Device> device, std::size_t bytes); // mapped, portable, zeroed
CUdeviceptr mapped_pointer(const Device &device, void *pinned);
Stream make_stream(std::shared_ptr<const Device> device); // non-blocking
Event make_event(std::shared_ptr<const Device> device, unsigned flags);
// The text is PTX; EDGEML_E_UNSUPPORTED with the compiler's log when this driver cannot take it.
Module load_module(std::shared_ptr<const Device> device, const char *ptx);
CUfunction find_function(const Device &device, const Module &module, const char *name);

// Memory of an edgeml_buffer: pinned and mapped on the host, with a tensor's worth of device memory beside it. The
// caller reads and writes the host's side; chains copy between the two where a run begins and where it stops.
class Buffer final : public Memory {
  public:
    Buffer(std::shared_ptr<const Device> device, std::uint64_t data_bytes, std::uint64_t headroom_bytes);

    CUdeviceptr device() const noexcept { return device_memory_.get(); } // 256-byte aligned
    CUdeviceptr mapped() const noexcept { return mapped_; }              // device address of data()

  private:
    HostMemory block_;
    CUdeviceptr mapped_ = 0;
    DeviceMemory device_memory_;
};

} // namespace edgeml::cuda
