#include "library.h"

#include "dynamic_library.h"
#include "status.h"

#include <cstdlib>
#include <filesystem>

namespace edgeml::ort {

namespace {

namespace fs = std::filesystem;

// As Microsoft's packages name it, and as systems do that keep several versions.
#if defined(_WIN32)
constexpr const char *file_names[] = {"onnxruntime.dll"};
#elif defined(__APPLE__)
constexpr const char *file_names[] = {"libonnxruntime.dylib", "libonnxruntime.1.dylib"};
#else
constexpr const char *file_names[] = {"libonnxruntime.so", "libonnxruntime.so.1"};
#endif

// Empty where there is none.
std::string find_in(const fs::path &folder) {
    std::error_code ignored; // a path that cannot be read is reported by the loader, with its reason
    for (const char *name : file_names)
        if (fs::exists(folder / name, ignored))
            return (folder / name).string();
    return {};
}

} // namespace

std::string choose_library(const char *path) {
    const char *chosen = path != nullptr && *path != '\0' ? path : std::getenv("EDGEML_ONNXRUNTIME");
    if (chosen != nullptr && *chosen != '\0') {
        std::error_code ignored;
        if (!fs::is_directory(chosen, ignored))
            return chosen;
        std::string found = find_in(chosen);
        return found.empty() ? (fs::path(chosen) / file_names[0]).string() : found;
    }
    // A program that is built for one platform has NuGet's libraries in its own folder, and this one below it in
    // runtimes/PLATFORM/native where the projects in between are built for all platforms.
    fs::path own = own_folder();
    for (const fs::path &folder : {own, own.parent_path().parent_path().parent_path()}) {
        std::string found = folder.empty() ? std::string() : find_in(folder);
        if (!found.empty())
            return found;
    }
    return std::end(file_names)[-1];
}

Library open_library(const std::string &path) {
#if !defined(_WIN32)
    // Builds since 1.30 keep a database of usage events in the user's cache folder, put every failed run into it and
    // try to send it. The variable is read while the library is loaded; this process wants none of that.
    setenv("ORT_DISABLE_TELEMETRY", "1", 1);
#endif
    std::string cause;
    void *handle = edgeml::open_library(path, cause);
    if (handle == nullptr)
        throw Error(EDGEML_E_BACKEND_MISSING,
                    "cannot load ONNX Runtime from " + path + ": " + cause + "; EDGEML_ONNXRUNTIME may name the file");
    auto get_base = reinterpret_cast<const OrtApiBase *(ORT_API_CALL *)()>(find_symbol(handle, "OrtGetApiBase"));
    if (get_base == nullptr)
        throw Error(EDGEML_E_BACKEND_MISSING, path + " is not ONNX Runtime: it has no OrtGetApiBase");
    Library library{path, get_base()->GetVersionString(), nullptr, reinterpret_cast<const void *>(get_base)};
    library.api = get_base()->GetApi(required_api_version);
    if (library.api == nullptr)
        throw Error(EDGEML_E_BACKEND_VERSION, "ONNX Runtime " + library.version + " at " + path + " is too old, 1." +
                                                  std::to_string(required_api_version) + " or later is needed");
    return library;
}

} // namespace edgeml::ort
