#include "library.h"

#include "dynamic_library.h"
#include "status.h"

#include <cstdlib>
#include <filesystem>

namespace edgeml::ort {

namespace {

namespace fs = std::filesystem;

#if defined(_WIN32)
constexpr const char *file_name = "onnxruntime.dll";
#elif defined(__APPLE__)
constexpr const char *file_name = "libonnxruntime.1.dylib";
#else
constexpr const char *file_name = "libonnxruntime.so.1";
#endif

} // namespace

std::string choose_library(const char *path) {
    std::error_code ignored; // a path that cannot be read is reported by the loader, with its reason
    const char *chosen = path != nullptr && *path != '\0' ? path : std::getenv("EDGEML_ONNXRUNTIME");
    if (chosen != nullptr && *chosen != '\0')
        return fs::is_directory(chosen, ignored) ? (fs::path(chosen) / file_name).string() : chosen;
    fs::path beside = own_folder() / file_name;
    return fs::exists(beside, ignored) ? beside.string() : file_name;
}

Library open_library(const std::string &path) {
#if !defined(_WIN32)
    // Builds of 1.30 keep a database of usage events in the user's cache folder, put every failed run into it and try
    // to send it. The variable is read while the library is loaded; nobody asked for any of that here.
    setenv("ORT_DISABLE_TELEMETRY", "1", 1);
#endif
    std::string cause;
    void *handle = edgeml::open_library(path, cause);
    if (handle == nullptr)
        throw Error(EDGEML_E_BACKEND_MISSING,
                    "cannot load ONNX Runtime from " + path + ": " + cause + "; EDGEML_ONNXRUNTIME may name the file");
    auto get_base = reinterpret_cast<const ApiBase *(EDGEML_ORT_CALL *)()>(find_symbol(handle, "OrtGetApiBase"));
    if (get_base == nullptr)
        throw Error(EDGEML_E_BACKEND_MISSING, path + " is not ONNX Runtime: it has no OrtGetApiBase");
    Library library{path, get_base()->GetVersionString(), {}};
    const void *table = get_base()->GetApi(required_api_version);
    if (table == nullptr)
        throw Error(EDGEML_E_BACKEND_VERSION, "ONNX Runtime " + library.version + " at " + path + " is too old, 1." +
                                                  std::to_string(required_api_version) + " or later is needed");
    library.api.read(table);
    return library;
}

} // namespace edgeml::ort
