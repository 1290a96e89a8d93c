#include "fake_onnxruntime.h"

#include "backends/onnxruntime/ort_api.h"

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <mutex>

using namespace edgeml::ort;

struct OrtStatus {};

namespace {

std::mutex gate;
std::condition_variable changed;
bool alive = false;
bool releasing = false;
int hold = 0;
int refused = 0;
bool host = false;        // whether other code has made the environment, without a pool
bool per_session = false; // whether the session options in use ask for a pool per session

OrtStatus failure;
char object; // what everything that is made points to

template <class T> T *made() {
    return reinterpret_cast<T *>(&object);
}

OrtStatus *create_env(int, const char *, const OrtThreadingOptions *, OrtEnv **env) {
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

OrtStatus *create_options(OrtSessionOptions **options) {
    per_session = true;
    *options = made<OrtSessionOptions>();
    return nullptr;
}

OrtStatus *disable_pool_per_session(OrtSessionOptions *) {
    per_session = false;
    return nullptr;
}

OrtStatus *create_session(const OrtEnv *, const void *, std::size_t, const OrtSessionOptions *, OrtSession **session) {
    std::lock_guard lock(gate);
    if (host && !per_session)
        return &failure;
    *session = made<OrtSession>();
    return nullptr;
}

template <class T> OrtStatus *make(T **out) {
    *out = made<T>();
    return nullptr;
}

template <class T> void nothing(T *) {}

// Entries that contexts do not use.
void unexpected() {
    std::abort();
}

Api entries() {
    Api api;
    api.GetErrorMessage = [](const OrtStatus *) { return "Only one instance of LoggingManager"; };
    api.ReleaseStatus = nothing;
    api.CreateThreadingOptions = make;
    api.ReleaseThreadingOptions = nothing;
    api.SetGlobalIntraOpNumThreads = api.SetGlobalInterOpNumThreads =
        api.SetGlobalSpinControl = [](OrtThreadingOptions *, int) -> OrtStatus * { return nullptr; };
    api.CreateSessionOptions = create_options;
    api.ReleaseSessionOptions = nothing;
    api.SetSessionLogSeverityLevel = [](OrtSessionOptions *, int) -> OrtStatus * { return nullptr; };
    api.DisablePerSessionThreads = disable_pool_per_session;
    api.CreateSessionFromArray = create_session;
    api.ReleaseSession = nothing;
    api.CreateEnvWithGlobalThreadPools = create_env;
    api.ReleaseEnv = release_env;
    api.DisableTelemetryEvents = [](const OrtEnv *) -> OrtStatus * { return nullptr; };
    api.CreateCpuMemoryInfo = [](int, int, OrtMemoryInfo **out) { return make(out); };
    api.ReleaseMemoryInfo = nothing;
    api.CreateAndRegisterAllocator = [](OrtEnv *, const OrtMemoryInfo *, const OrtArenaCfg *) -> OrtStatus * {
        return nullptr;
    };
    api.GetAllocatorWithDefaultOptions = make;
    api.CreateCustomOpDomain = [](const char *, OrtCustomOpDomain **out) { return make(out); };
    api.CustomOpDomain_Add = [](OrtCustomOpDomain *, const OrtCustomOp *) -> OrtStatus * { return nullptr; };
    api.ReleaseCustomOpDomain = nothing;
    return api;
}

const void *get_api(std::uint32_t) {
    static const auto table = [] {
        std::array<void *, 512> made;
        made.fill(reinterpret_cast<void *>(unexpected));
        Api api = entries();
#define FAKE_ORT_PLACE(position, name, result, parameters)                                                             \
    if (api.name != nullptr)                                                                                           \
        made[position] = reinterpret_cast<void *>(api.name);
        EDGEML_ORT_ENTRIES(FAKE_ORT_PLACE)
#undef FAKE_ORT_PLACE
        return made;
    }();
    return table.data();
}

} // namespace

extern "C" {

EDGEML_API const ApiBase *OrtGetApiBase() {
    static const ApiBase base{get_api, [] { return "double"; }};
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

int fake_ort_refused() {
    std::lock_guard lock(gate);
    return refused;
}
}
