#include "world.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>

namespace fake {

namespace {

bool parse(const std::string &text, Faults &faults);

} // namespace

World &World::get() {
    static World *world = [] {
        auto *made = new World; // never destroyed: the driver outlives all users
        if (const char *text = std::getenv("EDGEML_FAKE_CUDA"); text != nullptr && !parse(text, made->faults))
            std::abort();
        return made;
    }();
    return *world;
}

CUresult enter() {
    World &world = World::get();
    if (!world.started)
        return cuda_not_initialized;
    return world.lost;
}

namespace {
thread_local std::vector<CUcontext> contexts;
} // namespace

CUresult enter_with_context() {
    CUresult result = enter();
    return result != cuda_success ? result : contexts.empty() ? cuda_invalid_context : cuda_success;
}

CUresult enter_outside_capture() {
    CUresult result = enter_with_context();
    if (result == cuda_success && !captures_here().empty()) {
        for (Stream *stream : captures_here())
            stream->capture->valid = false;
        return stream_capture_unsupported;
    }
    return result;
}

void *host_of(std::uint64_t device_pointer, std::size_t bytes) {
    World &world = World::get();
    if ((device_pointer & device_bit) == 0)
        return nullptr;
    std::uint64_t address = device_pointer & ~device_bit;
    std::lock_guard held(world.lock);
    auto after = world.allocations.upper_bound(address);
    if (after == world.allocations.begin())
        return nullptr;
    auto [begin, size] = *std::prev(after);
    return address - begin <= size && bytes <= size - (address - begin) ? reinterpret_cast<void *>(address) : nullptr;
}

void lose(CUresult error) {
    CUresult none = cuda_success;
    World::get().lost.compare_exchange_strong(none, error);
}

bool begin_kernel() {
    World &world = World::get();
    if (world.lost != cuda_success)
        return false;
    ++world.kernels;
    long slow_us = 0;
    {
        std::unique_lock held(world.lock);
        if (world.faults.lost > 0 && --world.faults.lost == 0) {
            lose(cuda_illegal_address);
            return false;
        }
        world.hangs |= world.faults.stuck > 0 && --world.faults.stuck == 0;
        world.moves.wait(held, [&] { return !world.hangs; });
        slow_us = world.faults.slow_us;
    }
    if (slow_us > 0)
        std::this_thread::sleep_for(std::chrono::microseconds(slow_us));
    return true;
}

namespace {

bool parse(const std::string &text, Faults &faults) {
    for (std::size_t begin = 0; begin < text.size();) {
        std::size_t end = std::min(text.find(',', begin), text.size());
        std::string word = text.substr(begin, end - begin);
        std::size_t equals = word.find('=');
        std::string name = word.substr(0, equals);
        long long value = equals == std::string::npos ? 1 : std::atoll(word.c_str() + equals + 1);
        if (name == "no_device")
            faults.no_device = true;
        else if (name == "no_capture")
            faults.no_capture = true;
        else if (name == "no_conditional")
            faults.no_conditional = true;
        else if (name == "no_instantiate")
            faults.no_instantiate = true;
        else if (name == "bad_ptx")
            faults.bad_ptx = true;
        else if (name == "interpret")
            faults.interpret = true;
        else if (name == "integrated")
            faults.integrated = true;
        else if (name == "capability")
            faults.capability = static_cast<int>(value);
        else if (name == "version")
            faults.version = static_cast<int>(value);
        else if (name == "memory")
            faults.memory = static_cast<std::uint64_t>(value);
        else if (name == "pinned")
            faults.pinned = static_cast<std::uint64_t>(value);
        else if (name == "lost")
            faults.lost = static_cast<long>(value);
        else if (name == "stuck")
            faults.stuck = static_cast<long>(value);
        else if (name == "slow_us")
            faults.slow_us = static_cast<long>(value);
        else
            return false;
        begin = end + 1;
    }
    return true;
}

void copy_text(char *to, int capacity, const char *text) {
    std::strncpy(to, text, static_cast<std::size_t>(capacity) - 1);
    to[capacity - 1] = '\0';
}

} // namespace
} // namespace fake

using namespace fake;

extern "C" int edgeml_fake_cuda_faults(const char *text) {
    Faults faults;
    if (!parse(text, faults))
        return -1;
    World &world = World::get();
    std::lock_guard held(world.lock);
    world.faults = faults;
    world.hangs = false;
    world.moves.notify_all();
    return 0;
}

extern "C" void edgeml_fake_cuda_revive(void) {
    World::get().lost = cuda_success;
}

extern "C" void *edgeml_fake_cuda_host(uint64_t device_pointer, size_t bytes) {
    return host_of(device_pointer, bytes);
}

extern "C" void edgeml_fake_cuda_count(edgeml_fake_cuda_counts *out) {
    World &w = World::get();
    *out = {w.contexts,     w.streams, w.events,         w.modules,    w.graphs, w.execs,      w.device_bytes,
            w.pinned_bytes, w.kernels, w.graph_launches, w.conditions, w.copies, w.interpreted};
}

// ---- start, device, context ----

FAKE_ENTRY cuInit(unsigned) {
    World::get().started = true;
    return cuda_success;
}

FAKE_ENTRY cuDriverGetVersion(int *version) {
    World &world = World::get();
    std::lock_guard held(world.lock);
    *version = world.faults.version;
    return cuda_success;
}

FAKE_ENTRY cuGetErrorName(CUresult error, const char **text) {
    switch (error) {
    case cuda_invalid_value:
        *text = "CUDA_ERROR_INVALID_VALUE";
        return cuda_success;
    case cuda_out_of_memory:
        *text = "CUDA_ERROR_OUT_OF_MEMORY";
        return cuda_success;
    case cuda_invalid_context:
        *text = "CUDA_ERROR_INVALID_CONTEXT";
        return cuda_success;
    case cuda_invalid_ptx:
        *text = "CUDA_ERROR_INVALID_PTX";
        return cuda_success;
    case cuda_illegal_address:
        *text = "CUDA_ERROR_ILLEGAL_ADDRESS";
        return cuda_success;
    case launch_failed:
        *text = "CUDA_ERROR_LAUNCH_FAILED";
        return cuda_success;
    case cuda_capture_unsupported:
        *text = "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED";
        return cuda_success;
    case cuda_capture_invalidated:
        *text = "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED";
        return cuda_success;
    default:
        *text = nullptr;
        return cuda_invalid_value;
    }
}

FAKE_ENTRY cuGetErrorString(CUresult, const char **text) {
    *text = "in the double";
    return cuda_success;
}

FAKE_ENTRY cuDeviceGetCount(int *count) {
    World &world = World::get();
    std::lock_guard held(world.lock);
    *count = world.faults.no_device ? 0 : 1;
    return world.faults.no_device ? cuda_no_device : cuda_success;
}

FAKE_ENTRY cuDeviceGet(CUdevice *device, int ordinal) {
    *device = 0;
    return ordinal == 0 ? enter() : cuda_invalid_device;
}

FAKE_ENTRY cuDeviceGetName(char *name, int capacity, CUdevice) {
    copy_text(name, capacity, "Fake CUDA device");
    return enter();
}

FAKE_ENTRY cuDeviceGetPCIBusId(char *id, int capacity, CUdevice) {
    copy_text(id, capacity, "0000:fa:ce.0");
    return enter();
}

FAKE_ENTRY cuDeviceGetAttribute(int *value, int attribute, CUdevice) {
    World &world = World::get();
    std::lock_guard held(world.lock);
    bool integrated = world.faults.integrated;
    int capability = world.faults.capability != 0 ? world.faults.capability : integrated ? 87 : 86;
    switch (attribute) {
    case attribute_integrated:
        *value = integrated ? 1 : 0;
        return cuda_success;
    case attribute_can_map_host_memory:
        *value = 1;
        return cuda_success;
    case attribute_compute_major:
        *value = capability / 10;
        return cuda_success;
    case attribute_compute_minor:
        *value = capability % 10;
        return cuda_success;
    case attribute_sm_count:
        *value = 8;
        return cuda_success;
    default:
        return cuda_invalid_value;
    }
}

FAKE_ENTRY cuDeviceTotalMem_v2(std::size_t *bytes, CUdevice) {
    *bytes = std::size_t{8} << 30;
    return enter();
}

namespace {
int primary_tag;
} // namespace

FAKE_ENTRY cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice) {
    if (CUresult result = enter(); result != cuda_success)
        return result;
    ++World::get().contexts;
    *context = reinterpret_cast<CUcontext>(&primary_tag);
    return cuda_success;
}

FAKE_ENTRY cuDevicePrimaryCtxRelease_v2(CUdevice) {
    --World::get().contexts;
    return enter();
}

FAKE_ENTRY cuCtxPushCurrent_v2(CUcontext context) {
    if (context != reinterpret_cast<CUcontext>(&primary_tag))
        return cuda_invalid_context;
    contexts.push_back(context);
    return cuda_success;
}

FAKE_ENTRY cuCtxPopCurrent_v2(CUcontext *context) {
    if (contexts.empty())
        return cuda_invalid_context;
    *context = contexts.back();
    contexts.pop_back();
    return cuda_success;
}

// ---- memory ----

namespace {

constexpr std::align_val_t alignment{256};

CUresult allocate(std::uint64_t *address, std::size_t bytes, bool pinned) {
    if (CUresult result = enter_outside_capture(); result != cuda_success)
        return result;
    if (bytes == 0)
        return cuda_invalid_value;
    World &world = World::get();
    std::lock_guard held(world.lock);
    std::atomic<std::uint64_t> &used = pinned ? world.pinned_bytes : world.device_bytes;
    if (used + bytes > (pinned ? world.faults.pinned : world.faults.memory))
        return cuda_out_of_memory;
    void *memory = ::operator new(bytes, alignment);
    std::memset(memory, 0xcd, bytes); // callers must not count on zeros
    *address = reinterpret_cast<std::uint64_t>(memory);
    world.allocations[*address] = bytes;
    if (pinned)
        world.pinned.insert(*address);
    used += bytes;
    return cuda_success;
}

// Frees even on a lost device, as a process's end would, so that leaks of the caller's stand out.
CUresult release(std::uint64_t address, bool pinned) {
    World &world = World::get();
    {
        std::lock_guard held(world.lock);
        auto found = world.allocations.find(address);
        if (found == world.allocations.end() || (world.pinned.count(address) != 0) != pinned)
            return cuda_invalid_value;
        (pinned ? world.pinned_bytes : world.device_bytes) -= found->second;
        world.allocations.erase(found);
        world.pinned.erase(address);
    }
    ::operator delete(reinterpret_cast<void *>(address), alignment);
    return enter_with_context();
}

bool is_pinned(const void *memory, std::size_t bytes) {
    World &world = World::get();
    void *host = host_of(reinterpret_cast<std::uint64_t>(memory) | device_bit, bytes);
    std::lock_guard held(world.lock);
    auto after = world.pinned.upper_bound(reinterpret_cast<std::uint64_t>(memory));
    if (host == nullptr || after == world.pinned.begin())
        return false;
    std::uint64_t begin = *std::prev(after);
    return reinterpret_cast<std::uint64_t>(memory) - begin < world.allocations[begin];
}

} // namespace

FAKE_ENTRY cuMemGetInfo_v2(std::size_t *free_bytes, std::size_t *total_bytes) {
    *total_bytes = std::size_t{8} << 30;
    *free_bytes = *total_bytes - World::get().device_bytes;
    return enter_with_context();
}

FAKE_ENTRY cuMemAlloc_v2(CUdeviceptr *memory, std::size_t bytes) {
    std::uint64_t address = 0;
    CUresult result = allocate(&address, bytes, false);
    *memory = result == cuda_success ? address | device_bit : 0;
    return result;
}

FAKE_ENTRY cuMemFree_v2(CUdeviceptr memory) {
    return (memory & device_bit) == 0 ? cuda_invalid_value : release(memory & ~device_bit, false);
}

FAKE_ENTRY cuMemHostAlloc(void **memory, std::size_t bytes, unsigned flags) {
    std::uint64_t address = 0;
    if ((flags & host_alloc_mapped) == 0)
        return cuda_invalid_value;
    CUresult result = allocate(&address, bytes, true);
    *memory = reinterpret_cast<void *>(address);
    return result;
}

FAKE_ENTRY cuMemFreeHost(void *memory) {
    return release(reinterpret_cast<std::uint64_t>(memory), true);
}

FAKE_ENTRY cuMemHostGetDevicePointer_v2(CUdeviceptr *device, void *memory, unsigned) {
    if (!is_pinned(memory, 1))
        return cuda_invalid_value;
    *device = reinterpret_cast<std::uint64_t>(memory) | device_bit;
    return enter_with_context();
}

namespace {
CUresult copy(CUstream stream, std::uint64_t device, void *host, std::size_t bytes, bool to_host) {
    if (CUresult result = enter_with_context(); result != cuda_success)
        return result;
    void *memory = host_of(device, bytes);
    if (memory == nullptr || !is_pinned(host, bytes)) // pageable memory works on a GPU, slowly; here it is a mistake
        return cuda_invalid_value;
    return stream->submit(NodeType::memcpy, [=] {
        ++World::get().copies;
        std::memcpy(to_host ? host : memory, to_host ? memory : host, bytes);
    });
}
} // namespace

FAKE_ENTRY cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, std::size_t bytes, CUstream stream) {
    return copy(stream, to, const_cast<void *>(from), bytes, false);
}

FAKE_ENTRY cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, std::size_t bytes, CUstream stream) {
    return copy(stream, from, to, bytes, true);
}

FAKE_ENTRY cuMemsetD8Async(CUdeviceptr to, unsigned char value, std::size_t bytes, CUstream stream) {
    if (CUresult result = enter_with_context(); result != cuda_success)
        return result;
    void *memory = host_of(to, bytes);
    if (memory == nullptr)
        return cuda_invalid_value;
    return stream->submit(NodeType::memset, [=] { std::memset(memory, value, bytes); });
}
