#include "backends/cuda/device.h"

#include <cstring>
#include <new>
#include <vector>

namespace edgeml::cuda {

namespace {

int attribute(const Driver &driver, CUdevice device, int which) {
    int value = 0;
    driver.check(driver.device_attribute(&value, which, device), "cuDeviceGetAttribute");
    return value;
}

std::uint64_t round_up(std::uint64_t bytes, std::uint64_t step) {
    return (bytes + step - 1) / step * step;
}

// Says how much was asked for; the driver only says that it was too much.
void check_allocation(const Driver &driver, CUresult result, const char *kind, std::size_t bytes) {
    if (result == cuda_out_of_memory)
        throw Error(EDGEML_E_OUT_OF_MEMORY, std::to_string(bytes) + " bytes of " + kind + " memory are not there");
    driver.check(result, "allocation");
}

} // namespace

Device::Device(std::shared_ptr<const Driver> opened, int which) : driver(std::move(opened)), ordinal(which) {
    int count = 0;
    CUresult counted = driver->device_count(&count);
    if (counted != cuda_success && counted != cuda_no_device)
        driver->check(counted, "cuDeviceGetCount", EDGEML_E_BACKEND_MISSING);
    if (ordinal < 0 || ordinal >= count)
        throw Error(EDGEML_E_BACKEND_MISSING, "CUDA device " + std::to_string(ordinal) + " of " +
                                                  std::to_string(count) + " that " + driver->path + " finds");
    driver->check(driver->device_get(&device, ordinal), "cuDeviceGet");
    char text[256] = {};
    driver->check(driver->device_name(text, sizeof text, device), "cuDeviceGetName");
    name = text;
    char pci[32] = {};
    if (driver->device_pci_bus_id(pci, sizeof pci, device) == cuda_success) // a Jetson's GPU may have none
        pci_bus_id = pci;
    compute_major = attribute(*driver, device, attribute_compute_major);
    compute_minor = attribute(*driver, device, attribute_compute_minor);
    sm_count = attribute(*driver, device, attribute_sm_count);
    integrated = attribute(*driver, device, attribute_integrated) != 0;
    if (compute_major < 7)
        throw Error(EDGEML_E_UNSUPPORTED, name + " has compute capability " + std::to_string(compute_major) + "." +
                                              std::to_string(compute_minor) + ", 7.0 is needed");
    if (attribute(*driver, device, attribute_can_map_host_memory) == 0)
        throw Error(EDGEML_E_UNSUPPORTED, name + " cannot map memory of the host");
    std::size_t total = 0;
    driver->check(driver->device_bytes(&total, device), "cuDeviceTotalMem");
    bytes = total;
    driver->check(driver->primary_retain(&context, device), "cuDevicePrimaryCtxRetain");
}

Device::~Device() {
    if (!is_given_up()) // destroying a context waits for its work
        driver->primary_release(device);
}

void Device::give_up(const std::string &why) const {
    {
        std::lock_guard held(capture_lock());
        if (!given_up_)
            why_ = why;
        given_up_ = true;
    }
    throw Error(EDGEML_E_DEVICE_LOST, why);
}

bool Device::is_given_up() const noexcept {
    return given_up_;
}

void Device::require() const {
    if (is_given_up())
        throw Error(EDGEML_E_DEVICE_LOST, why_);
}

void Device::keep(std::uint64_t handle) noexcept {
    static auto *kept = new std::vector<std::uint64_t>; // a list, so that leak checkers see that this is meant
    std::lock_guard held(capture_lock());
    try {
        kept->push_back(handle);
    } catch (const std::bad_alloc &) {
        return; // one that is not on the list is still kept
    }
}

std::recursive_mutex &Device::capture_lock() {
    static std::recursive_mutex lock;
    return lock;
}

DeviceMemory allocate_device(std::shared_ptr<const Device> device, std::size_t bytes) {
    Current current(*device);
    CUdeviceptr memory = 0;
    check_allocation(*device->driver, device->driver->device_alloc(&memory, bytes), "device", bytes);
    return {std::move(device), memory};
}

HostMemory allocate_pinned(std::shared_ptr<const Device> device, std::size_t bytes) {
    Current current(*device);
    void *memory = nullptr;
    check_allocation(*device->driver,
                     device->driver->host_alloc(&memory, bytes, host_alloc_portable | host_alloc_mapped), "pinned",
                     bytes);
    std::memset(memory, 0, bytes);
    return {std::move(device), memory};
}

CUdeviceptr mapped_pointer(const Device &device, void *pinned) {
    Current current(device);
    CUdeviceptr mapped = 0;
    device.driver->check(device.driver->host_device_pointer(&mapped, pinned, 0), "cuMemHostGetDevicePointer");
    return mapped;
}

Stream make_stream(std::shared_ptr<const Device> device) {
    Current current(*device);
    CUstream stream = nullptr;
    device->driver->check(device->driver->stream_create(&stream, stream_non_blocking), "cuStreamCreate");
    return {std::move(device), stream};
}

Event make_event(std::shared_ptr<const Device> device, unsigned flags) {
    Current current(*device);
    CUevent event = nullptr;
    device->driver->check(device->driver->event_create(&event, flags), "cuEventCreate");
    return {std::move(device), event};
}

Module load_module(std::shared_ptr<const Device> device, const char *ptx) {
    constexpr int error_log = 5, error_log_bytes = 6; // CU_JIT_*
    char log[1024] = {};
    int options[] = {error_log, error_log_bytes};
    void *values[] = {log, reinterpret_cast<void *>(sizeof log)};
    std::lock_guard held(Device::capture_lock());
    Current current(*device);
    CUmodule module = nullptr;
    CUresult result = device->driver->module_load(&module, ptx, 2, options, values);
    if (result != cuda_success) {
        std::string text = "the driver does not take the exit kernel: " + device->driver->describe(result);
        if (log[0] != '\0')
            text += std::string(": ") + log;
        device->driver->check(result, text.c_str(), EDGEML_E_UNSUPPORTED);
    }
    return {std::move(device), module};
}

CUfunction find_function(const Device &device, const Module &module, const char *name) {
    Current current(device);
    CUfunction function = nullptr;
    device.driver->check(device.driver->module_function(&function, module.get(), name), name, EDGEML_E_UNSUPPORTED);
    return function;
}

Buffer::Buffer(std::shared_ptr<const Device> device, std::uint64_t data_bytes, std::uint64_t headroom_bytes) {
    // 256: a frame's header needs no more, and inference libraries ask for that alignment.
    std::uint64_t front = round_up(headroom_bytes, 256);
    block_ = allocate_pinned(device, static_cast<std::size_t>(front + round_up(data_bytes, 256)));
    data_ = static_cast<std::byte *>(block_.get()) + front;
    mapped_ = mapped_pointer(*device, block_.get()) + front;
    device_memory_ = allocate_device(device, static_cast<std::size_t>(round_up(data_bytes, 256)));
}

} // namespace edgeml::cuda
