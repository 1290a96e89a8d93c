#include "dynamic_library.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

namespace edgeml {

namespace fs = std::filesystem;

void *open_library(const std::string &path, std::string &cause) {
#if defined(_WIN32)
    HMODULE module = LoadLibraryExW(fs::u8path(path).c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
    if (module == nullptr)
        cause = "error " + std::to_string(GetLastError());
    return reinterpret_cast<void *>(module);
#else
    void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr)
        cause = dlerror();
    return handle;
#endif
}

void *find_symbol(void *library, const char *symbol) {
#if defined(_WIN32)
    return reinterpret_cast<void *>(GetProcAddress(reinterpret_cast<HMODULE>(library), symbol));
#else
    return dlsym(library, symbol);
#endif
}

void close_library(void *library) noexcept {
#if defined(_WIN32)
    FreeLibrary(reinterpret_cast<HMODULE>(library));
#else
    dlclose(library);
#endif
}

fs::path own_folder() {
    return folder_of(reinterpret_cast<const void *>(&own_folder));
}

fs::path folder_of(const void *function) {
#if defined(_WIN32)
    HMODULE module = nullptr;
    wchar_t name[MAX_PATH];
    if (GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                           reinterpret_cast<LPCWSTR>(function), &module) == 0 ||
        GetModuleFileNameW(module, name, MAX_PATH) == 0)
        return {};
    return fs::path(name).parent_path();
#else
    Dl_info info{};
    if (dladdr(const_cast<void *>(function), &info) == 0 || info.dli_fname == nullptr)
        return {};
    return fs::path(info.dli_fname).parent_path();
#endif
}

} // namespace edgeml
