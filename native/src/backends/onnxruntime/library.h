// Finding and loading ONNX Runtime at run time.
#pragma once

#include "ort_api.h"

#include <string>

namespace edgeml::ort {

struct Library {
    std::string path;    // as it was given to the loader
    std::string version; // "1.30.0"
    Api api;
};

// The file to load: the caller's choice, else EDGEML_ONNXRUNTIME (a file or its folder), else a file beside this
// library, else the plain name for the loader's own search.
std::string choose_library(const char *path);

// Loads for good: a library with threads of its own is never unloaded. Throws Error with EDGEML_E_BACKEND_*.
Library open_library(const std::string &path);

} // namespace edgeml::ort
