#include "backends/cuda/driver.h"

#include <cstdlib>
#include <map>
#include <mutex>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace edgeml::cuda {

namespace {

#if defined(_WIN32)
constexpr const char *file_name = "nvcuda.dll";
#else
constexpr const char *file_name = "libcuda.so.1";
#endif

void *load(const std::string &path, std::string &cause) {
#if defined(_WIN32)
    HMODULE module = LoadLibraryExA(path.c_str(), nullptr, 0);
    if (module == nullptr)
        cause = "error " + std::to_string(GetLastError());
    return reinterpret_cast<void *>(module);
#else
    setenv("CUDA_MODULE_LOADING", "LAZY", 0); // only counts before the first call; drivers before 12.2 load everything
    void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr)
        cause = dlerror();
    return library;
#endif
}

void *find(void *library, const char *symbol) {
#if defined(_WIN32)
    return reinterpret_cast<void *>(GetProcAddress(reinterpret_cast<HMODULE>(library), symbol));
#else
    return dlsym(library, symbol);
#endif
}

std::string choose(const char *path) {
    const char *chosen = path != nullptr && *path != '\0' ? path : std::getenv("EDGEML_CUDA_DRIVER");
    return chosen != nullptr && *chosen != '\0' ? chosen : file_name;
}

std::string version_text(int version) {
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

// Errors that end the context, and with it everything in this process: cuda.h calls them sticky.
bool is_sticky(CUresult result) {
    switch (result) {
    case 214: // ECC uncorrectable
    case 220: // NVLink uncorrectable
    case cuda_illegal_address:
    case 702: // launch timeout
    case 709: // context is destroyed
    case 710: // device assert
    case 714: // hardware stack
    case 715: // illegal instruction
    case 716: // misaligned address
    case 717: // invalid address space
    case 718: // invalid program counter
    case 719: // launch failed
        return true;
    default:
        return false;
    }
}

} // namespace

std::shared_ptr<const Driver> Driver::open(const char *path) {
    static std::mutex lock;
    static std::map<std::string, std::weak_ptr<const Driver>> open_drivers;
    std::string chosen = choose(path);
    std::lock_guard held(lock);
    if (std::shared_ptr<const Driver> known = open_drivers[chosen].lock())
        return known;

    std::string cause;
    void *library = load(chosen, cause);
    if (library == nullptr)
        throw Error(EDGEML_E_BACKEND_MISSING, "cannot load the CUDA driver from " + chosen + ": " + cause +
                                                  "; EDGEML_CUDA_DRIVER may name the file");
    auto driver = std::make_shared<Driver>();
    driver->path = chosen;
    const char *missing = nullptr;
#define EDGEML_CUDA_FIND(member, symbol, parameters)                                                                   \
    driver->member = reinterpret_cast<decltype(driver->member)>(find(library, #symbol));                               \
    if (driver->member == nullptr)                                                                                     \
        missing = #symbol;
    EDGEML_CUDA_OPTIONAL_ENTRIES(EDGEML_CUDA_FIND)
    missing = nullptr;
    EDGEML_CUDA_ENTRIES(EDGEML_CUDA_FIND)
#undef EDGEML_CUDA_FIND
    if (driver->driver_version != nullptr && driver->driver_version(&driver->version) == cuda_success &&
        driver->version < minimum_version)
        throw Error(EDGEML_E_BACKEND_VERSION, chosen + " is CUDA " + version_text(driver->version) + ", " +
                                                  version_text(minimum_version) + " is needed");
    if (missing != nullptr)
        throw Error(EDGEML_E_BACKEND_VERSION, chosen + " has no " + missing);
    CUresult started = driver->init(0);
    if (started != cuda_success)
        throw Error(started == cuda_out_of_memory ? EDGEML_E_OUT_OF_MEMORY : EDGEML_E_BACKEND_MISSING,
                    chosen + " does not start: " + driver->describe(started));
    open_drivers[chosen] = driver;
    return driver;
}

std::string Driver::describe(CUresult result) const {
    const char *name = nullptr, *text = nullptr;
    if (error_name(result, &name) != cuda_success || name == nullptr)
        return "CUDA error " + std::to_string(result);
    std::string described = name;
    if (error_text(result, &text) == cuda_success && text != nullptr)
        described += std::string(" (") + text + ")";
    return described;
}

void Driver::raise(CUresult result, const char *what, edgeml_status status) const {
    if (result == cuda_out_of_memory)
        status = EDGEML_E_OUT_OF_MEMORY;
    else if (is_sticky(result))
        status = EDGEML_E_DEVICE_LOST;
    throw Error(status, std::string(what) + ": " + describe(result));
}

} // namespace edgeml::cuda
