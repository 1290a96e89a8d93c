#include "runtime.h"

#include "guard.h"

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#endif

#include <filesystem>
#include <string>

namespace edgeml::trt {

namespace {

// For good: TensorRT has its own threads and other libraries keep pointers into it until the process ends.
void *open_library(const char *path) {
#if defined(_WIN32)
    void *handle = reinterpret_cast<void *>(
        LoadLibraryExW(std::filesystem::u8path(path).c_str(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH));
    std::string cause = "error " + std::to_string(GetLastError());
#else
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    const char *cause = handle == nullptr ? dlerror() : "";
#endif
    if (handle == nullptr)
        throw Failure(EDGEML_E_BACKEND_MISSING, std::string("cannot load ") + path + ": " + cause);
    return handle;
}

template <class Function> Function *find(void *library, const char *path, const char *symbol) {
#if defined(_WIN32)
    void *found = reinterpret_cast<void *>(GetProcAddress(reinterpret_cast<HMODULE>(library), symbol));
#else
    void *found = dlsym(library, symbol);
#endif
    if (found == nullptr)
        throw Failure(EDGEML_E_BACKEND_MISSING, std::string(path) + " has no " + symbol);
    return reinterpret_cast<Function *>(found);
}

std::string text(const edgeml_trt_version &v) {
    return std::to_string(v.major) + '.' + std::to_string(v.minor) + '.' + std::to_string(v.patch) + '.' +
           std::to_string(v.build);
}

} // namespace

} // namespace edgeml::trt

using namespace edgeml::trt;

edgeml_trt_runtime::edgeml_trt_runtime(const char *infer_path, const char *parser_path, edgeml_log_fn log,
                                       void *log_user)
    : listening(log, log_user) {
    void *infer = open_library(infer_path);
    using Number = int32_t();
    version = {find<Number>(infer, infer_path, "getInferLibMajorVersion")(),
               find<Number>(infer, infer_path, "getInferLibMinorVersion")(),
               find<Number>(infer, infer_path, "getInferLibPatchVersion")(),
               find<Number>(infer, infer_path, "getInferLibBuildVersion")()};
    // Before the first virtual call: tables of another major, or of an older minor, have other functions in them.
    if (version.major != NV_TENSORRT_MAJOR || version.minor < NV_TENSORRT_MINOR)
        throw Failure(EDGEML_E_BACKEND_VERSION, "TensorRT " + text(version) + " at " + infer_path +
                                                    " does not fit this plug-in, which needs " +
                                                    std::to_string(NV_TENSORRT_MAJOR) + '.' +
                                                    std::to_string(NV_TENSORRT_MINOR) + " or later of that major");
    create_builder = find<void *(void *, int32_t)>(infer, infer_path, "createInferBuilder_INTERNAL");
    auto create_runtime = find<void *(void *, int32_t)>(infer, infer_path, "createInferRuntime_INTERNAL");
    if (parser_path != nullptr)
        create_parser =
            find<void *(void *, void *, int)>(open_library(parser_path), parser_path, "createNvOnnxParser_INTERNAL");

    Recorder::instance().clear();
    runtime.reset(static_cast<nvinfer1::IRuntime *>(create_runtime(&Logger::instance(), NV_TENSORRT_VERSION)));
    if (!runtime)
        throw Failure(EDGEML_E_BACKEND_MISSING,
                      explain("TensorRT " + text(version) + " at " + infer_path + " makes no runtime"));
    runtime->setErrorRecorder(&Recorder::instance());
    // A plan that carries code is refused: plans come from a folder that others may be able to write to.
    runtime->setEngineHostCodeAllowed(false);
}
