// Finding and loading ONNX Runtime at run time.
#pragma once

#include <onnxruntime_c_api.h>

#include <string>

namespace edgeml::ort {

// Minimum requirements on a library: the first version of the table that has every entry used here, and of custom
// operators that may pass a tensor on in place. The table only grows at its end, so a newer library serves it as well;
// entries that came later must not be called.
inline constexpr std::uint32_t required_api_version = 18;

struct Library {
    std::string path;    // as it was given to the loader
    std::string version; // "1.31.1"
    const OrtApi *api;
    const void *entry; // a function of the library, which tells the file that was loaded
};

// The file to load: the caller's choice, else EDGEML_ONNXRUNTIME (a file or its folder), else a file beside this
// library or in the program's folder, else the plain name for the loader's own search.
std::string choose_library(const char *path);

// Loads for good: a library that has its own threads is never unloaded. Throws Error with EDGEML_E_BACKEND_*.
Library open_library(const std::string &path);

} // namespace edgeml::ort
