#include "fake_onnxruntime.h"
#include "stubs.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

struct OrtStatus {
    const char *text;
};

using namespace stubs;

namespace {

std::mutex gate;
std::condition_variable changed;
bool alive = false;
bool releasing = false;
int hold = 0;
int refused = 0;
bool host = false;        // whether other code has made the environment, without a pool
bool per_session = false; // whether the session options in use ask for a pool per session

OrtStatus failure{"Only one instance of LoggingManager"};
OrtStatus not_built{"CUDA execution provider is not enabled in this build."};
OrtStatus not_loaded{"Failed to load shared library"};
OrtStatus no_device{"CUDA failure 100: no CUDA-capable device is detected"};
int providers = FAKE_ORT_NONE;
std::string used;     // providers of the session options in use
std::string given;    // options of providers
std::string all_used; // both

OrtStatus *create_env(OrtLoggingLevel, const char *, const OrtThreadingOptions *, OrtEnv **env) noexcept {
    std::lock_guard lock(gate);
    if (host) {
        *env = made<OrtEnv>();
        return nullptr;
    }
    if (alive) {
        ++refused;
        changed.notify_all();
        return &failure;
    }
    alive = true;
    *env = made<OrtEnv>();
    return nullptr;
}

void release_env(OrtEnv *) {
    std::unique_lock lock(gate);
    releasing = true;
    changed.notify_all();
    int before = refused;
    changed.wait_for(lock, std::chrono::milliseconds(hold), [&] { return refused != before; });
    hold = 0;
    releasing = alive = false;
}

OrtStatus *create_options(OrtSessionOptions **options) noexcept {
    per_session = true;
    used.clear();
    *options = made<OrtSessionOptions>();
    return nullptr;
}

OrtStatus *disable_pool_per_session(OrtSessionOptions *) noexcept {
    per_session = false;
    return nullptr;
}

OrtStatus *create_session(const OrtEnv *, const void *, std::size_t, const OrtSessionOptions *,
                          OrtSession **session) noexcept {
    std::lock_guard lock(gate);
    if (host && !per_session)
        return &failure;
    if (!used.empty() && providers == FAKE_ORT_WITHOUT_DEVICE)
        return &no_device;
    *session = made<OrtSession>();
    return nullptr;
}

void add(std::string &list, const std::string &text) {
    list += (list.empty() ? "" : " ") + text;
}

template <class Options>
OrtStatus *take_options(Options *, const char *const *keys, const char *const *values, std::size_t count) noexcept {
    for (std::size_t i = 0; i < count; ++i)
        add(given, std::string(keys[i]) + "=" + values[i]);
    return nullptr;
}

OrtStatus *append(const char *name) {
    if (providers == FAKE_ORT_UNLOADABLE)
        return &not_loaded;
    add(used, name);
    return nullptr;
}

// Entries that contexts do not use stay null.
OrtApi entries() {
    OrtApi api{};
    api.GetErrorMessage = [](const OrtStatus *status) noexcept { return status->text; };
    api.ReleaseStatus = nothing;
    api.CreateThreadingOptions = make;
    api.ReleaseThreadingOptions = nothing;
    api.SetGlobalIntraOpNumThreads = api.SetGlobalInterOpNumThreads = api.SetGlobalSpinControl = succeed;
    api.CreateSessionOptions = create_options;
    api.ReleaseSessionOptions = nothing;
    api.SetSessionLogSeverityLevel = succeed;
    api.DisablePerSessionThreads = disable_pool_per_session;
    api.CreateSessionFromArray = create_session;
    api.ReleaseSession = nothing;
    api.CreateEnvWithGlobalThreadPools = create_env;
    api.ReleaseEnv = release_env;
    api.DisableTelemetryEvents = succeed;
    api.CreateCpuMemoryInfo = [](OrtAllocatorType, OrtMemType, OrtMemoryInfo **out) noexcept { return make(out); };
    api.ReleaseMemoryInfo = nothing;
    api.CreateAndRegisterAllocator = succeed;
    api.GetAllocatorWithDefaultOptions = make;
    api.CreateCustomOpDomain = [](const char *, OrtCustomOpDomain **out) noexcept { return make(out); };
    api.CustomOpDomain_Add = succeed;
    api.ReleaseCustomOpDomain = nothing;
    api.CreateCUDAProviderOptions = [](OrtCUDAProviderOptionsV2 **out) noexcept {
        given.clear();
        return providers == FAKE_ORT_NONE ? &not_built : make(out);
    };
    api.UpdateCUDAProviderOptions = take_options;
    api.ReleaseCUDAProviderOptions = nothing;
    api.CreateTensorRTProviderOptions = make;
    api.UpdateTensorRTProviderOptions = take_options;
    api.ReleaseTensorRTProviderOptions = nothing;
    api.SessionOptionsAppendExecutionProvider_CUDA_V2 =
        [](OrtSessionOptions *, const OrtCUDAProviderOptionsV2 *) noexcept { return append("cuda"); };
    api.SessionOptionsAppendExecutionProvider_TensorRT_V2 =
        [](OrtSessionOptions *, const OrtTensorRTProviderOptionsV2 *) noexcept { return append("tensorrt"); };
    return api;
}

const OrtApi *get_api(std::uint32_t) noexcept {
    static const OrtApi table = entries();
    return &table;
}

} // namespace

extern "C" {

const OrtApiBase *OrtGetApiBase() noexcept {
    static const OrtApiBase base{get_api, []() noexcept { return "double"; }};
    return &base;
}

void fake_ort_hold_next_release(int milliseconds) {
    std::lock_guard lock(gate);
    hold = milliseconds;
}

void fake_ort_wait_for_release() {
    std::unique_lock lock(gate);
    changed.wait(lock, [] { return releasing; });
}

void fake_ort_have_host(int present) {
    std::lock_guard lock(gate);
    host = present != 0;
}

void fake_ort_have_providers(int present) {
    std::lock_guard lock(gate);
    providers = present;
}

const char *fake_ort_providers_used() {
    all_used = given + " | " + used;
    return all_used.c_str();
}

int fake_ort_refused() {
    std::lock_guard lock(gate);
    return refused;
}
}
