#include "runtime.h"

#include "gate.h"

#include <condition_variable>
#include <map>
#include <mutex>

namespace edgeml::ort {

namespace {
// ONNX's numbers of EDGEML_DTYPE_*, by the number here.
constexpr ONNXTensorElementDataType onnx_types[] = {
    ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16,   ONNX_TENSOR_ELEMENT_DATA_TYPE_BFLOAT16,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8,      ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32,     ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE,    ONNX_TENSOR_ELEMENT_DATA_TYPE_BOOL,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16,     ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16,
    ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT32,    ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT64,
};
} // namespace

ONNXTensorElementDataType to_onnx_type(std::uint32_t dtype) noexcept {
    return dtype < std::size(onnx_types) ? onnx_types[dtype] : ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
}

std::uint32_t from_onnx_type(int type) noexcept {
    for (std::uint32_t dtype = 1; dtype < std::size(onnx_types); ++dtype)
        if (onnx_types[dtype] == type)
            return dtype;
    return EDGEML_DTYPE_OTHER;
}

std::shared_ptr<Runtime> Runtime::join(const edgeml_context_desc &desc) {
    // ONNX Runtime has one environment at a time: the next one waits until the last one is gone entirely.
    struct Slot {
        std::weak_ptr<Runtime> shared;
        bool open = false;
    };
    static std::mutex gate;
    static std::condition_variable closed;
    static std::map<std::string, Slot> slots;
    std::string path = choose_library(desc.library_path);
    std::unique_lock lock(gate);
    Slot &slot = slots[path];
    std::shared_ptr<Runtime> runtime;
    closed.wait(lock, [&] { return (runtime = slot.shared.lock()) != nullptr || !slot.open; });
    if (!runtime) {
        bool has_pool = (desc.flags & EDGEML_CONTEXT_OWN_THREADS) == 0;
        auto made = std::make_unique<Runtime>(open_library(path), has_pool && desc.threads != 0 ? desc.threads : 1,
                                              (desc.flags & EDGEML_CONTEXT_ALLOW_SPINNING) != 0, has_pool);
        runtime = std::shared_ptr<Runtime>(made.release(), [&slot](Runtime *last) {
            delete last;
            std::lock_guard held(gate);
            slot.open = false;
            closed.notify_all();
        });
        slot.shared = runtime;
        slot.open = true;
    }
    return runtime;
}

Runtime::Runtime(Library loaded, std::uint32_t thread_count, bool allow_spinning, bool for_a_pool)
    : library(std::move(loaded)), threads(thread_count), spins(allow_spinning), has_pool(for_a_pool) {
    // One pool for all sessions: a pool per session makes sessions slow each other many times over.
    Owned<OrtThreadingOptions> pool(api.ReleaseThreadingOptions);
    try {
        check(api.CreateThreadingOptions(pool.out()));
        // Never 0: then ONNX Runtime counts the processors itself and puts a thread on each, whatever the process may
        // use. Nor SetGlobalDenormalAsZero, which changes the thread that makes the first session.
        check(api.SetGlobalIntraOpNumThreads(pool.get(), static_cast<int>(threads)));
        check(api.SetGlobalInterOpNumThreads(pool.get(), 1));
        check(api.SetGlobalSpinControl(pool.get(), spins ? 1 : 0));
        // Errors come back as a status; nothing is written to the caller's console.
        // A process has one environment: where other code has made it, this only takes a share in that one, as it is.
        check(api.CreateEnvWithGlobalThreadPools(ORT_LOGGING_LEVEL_FATAL, "edgeml", pool.get(), &env));
        check(api.CreateCpuMemoryInfo(OrtArenaAllocator, OrtMemTypeDefault, &memory));
        guest_ = !has_global_pool();
        if (!guest_) {
            check(api.DisableTelemetryEvents(env));
            // One arena for all sessions: ranges run one after another, so they can take turns in the same memory. An
            // environment that outlived an earlier runtime, or that a host has prepared, has one already.
            Owned<OrtStatus> taken(api.ReleaseStatus, api.CreateAndRegisterAllocator(env, memory, nullptr));
        }
        check(api.GetAllocatorWithDefaultOptions(&names));
        gates = std::make_unique<GateDomain>(*this);
    } catch (...) {
        release();
        throw;
    }
}

OrtStatus *Runtime::create_trial(const OrtSessionOptions *options, OrtSession **out) const {
    static constexpr unsigned char model[] = {
        0x08, 7,  0x3a, 55,                                                           // IR version; graph
        0x0a, 16, 0x0a, 1,   'x', 0x12, 1,   'y',                                     // node: input, output,
        0x22, 8,  'I',  'd', 'e', 'n',  't', 'i',  't', 'y',                          // operator
        0x12, 1,  'g',                                                                // name
        0x5a, 15, 0x0a, 1,   'x', 0x12, 10,  0x0a, 8,   8,   1, 0x12, 4, 10, 2, 8, 1, // input: float[1]
        0x62, 15, 0x0a, 1,   'y', 0x12, 10,  0x0a, 8,   8,   1, 0x12, 4, 10, 2, 8, 1, // output: float[1]
        0x42, 2,  0x10, 13,                                                           // operator set
    };
    return api.CreateSessionFromArray(env, model, sizeof model, options, out);
}

bool Runtime::has_global_pool() const {
    // There is nothing to ask; a session that wants the pool is refused where there is none.
    Owned<OrtSessionOptions> options(api.ReleaseSessionOptions);
    check(api.CreateSessionOptions(options.out()));
    check(api.SetSessionLogSeverityLevel(options.get(), ORT_LOGGING_LEVEL_FATAL));
    check(api.DisablePerSessionThreads(options.get()));
    Owned<OrtSession> session(api.ReleaseSession);
    OrtStatus *refused = create_trial(options.get(), session.out());
    Owned<OrtStatus> status(api.ReleaseStatus, refused);
    return refused == nullptr;
}

void Runtime::choose_threads(OrtSessionOptions *options) const {
    // A host's environment logs to the host.
    check(api.SetSessionLogSeverityLevel(options, ORT_LOGGING_LEVEL_FATAL));
    if (!guest_) {
        check(api.DisablePerSessionThreads(options));
        return;
    }
    check(api.SetIntraOpNumThreads(options, static_cast<int>(threads)));
    check(api.SetInterOpNumThreads(options, 1));
    // Many pools whose idle threads spin would slow each other many times over, whatever was asked for.
    check(api.AddSessionConfigEntry(options, "session.intra_op.allow_spinning", "0"));
}

Runtime::~Runtime() {
    release();
}

void Runtime::release() noexcept {
    if (memory != nullptr)
        api.ReleaseMemoryInfo(memory);
    if (env != nullptr)
        api.ReleaseEnv(env);
}

void Runtime::raise(OrtStatus *status, edgeml_status failure) const {
    Owned<OrtStatus> owned(api.ReleaseStatus, status);
    throw Error(failure, std::string("ONNX Runtime: ") + api.GetErrorMessage(status));
}

OrtValue *Runtime::wrap(const TensorInfo &tensor, void *data) const {
    OrtValue *value = nullptr;
    check(api.CreateTensorWithDataAsOrtValue(memory, data, static_cast<std::size_t>(tensor.bytes), tensor.dims.data(),
                                             tensor.dims.size(), to_onnx_type(tensor.dtype), &value));
    return value;
}

} // namespace edgeml::ort
