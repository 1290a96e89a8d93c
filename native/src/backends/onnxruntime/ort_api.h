// The few entries of ONNX Runtime's function table that are used here, declared by position.
// The table only ever grows at its end, so a position is as stable as a name; see OrtApi in onnxruntime_c_api.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>

struct OrtAllocator;
struct OrtArenaCfg;
struct OrtCustomOp;
struct OrtCustomOpDomain;
struct OrtEnv;
struct OrtIoBinding;
struct OrtKernelContext;
struct OrtKernelInfo;
struct OrtMemoryInfo;
struct OrtPrepackedWeightsContainer;
struct OrtRunOptions;
struct OrtSession;
struct OrtSessionOptions;
struct OrtStatus;
struct OrtTensorTypeAndShapeInfo;
struct OrtThreadingOptions;
struct OrtTypeInfo;
struct OrtValue;

namespace edgeml::ort {

#if defined(_WIN32)
#define EDGEML_ORT_CALL __stdcall
#else
#define EDGEML_ORT_CALL
#endif

// First version of the table that has every entry below, and of custom operators that may pass a tensor on in place.
inline constexpr std::uint32_t required_api_version = 18;

// Values of ONNX Runtime's enums; they never change.
inline constexpr int log_level_fatal = 4;
inline constexpr int optimize_none = 0;
inline constexpr int optimize_basic = 1;
inline constexpr int optimize_extended = 2;
inline constexpr int optimize_all = 99;
inline constexpr int arena_allocator = 1;
inline constexpr int default_memory = 0;

// X(position, name, result, parameters)
#define EDGEML_ORT_ENTRIES(X)                                                                                          \
    X(2, GetErrorMessage, const char *, (const OrtStatus *))                                                           \
    X(6, DisableTelemetryEvents, OrtStatus *, (const OrtEnv *))                                                        \
    X(8, CreateSessionFromArray, OrtStatus *,                                                                          \
      (const OrtEnv *, const void *model, std::size_t, const OrtSessionOptions *, OrtSession **))                      \
    X(9, Run, OrtStatus *,                                                                                             \
      (OrtSession *, const OrtRunOptions *, const char *const *input_names, const OrtValue *const *inputs,             \
       std::size_t, const char *const *output_names, std::size_t, OrtValue **outputs))                                 \
    X(10, CreateSessionOptions, OrtStatus *, (OrtSessionOptions **))                                                   \
    X(11, SetOptimizedModelFilePath, OrtStatus *,                                                                      \
      (OrtSessionOptions *, const std::filesystem::path::value_type *file))                                            \
    X(22, SetSessionLogSeverityLevel, OrtStatus *, (OrtSessionOptions *, int level))                                   \
    X(23, SetSessionGraphOptimizationLevel, OrtStatus *, (OrtSessionOptions *, int level))                             \
    X(24, SetIntraOpNumThreads, OrtStatus *, (OrtSessionOptions *, int))                                               \
    X(25, SetInterOpNumThreads, OrtStatus *, (OrtSessionOptions *, int))                                               \
    X(26, CreateCustomOpDomain, OrtStatus *, (const char *name, OrtCustomOpDomain **))                                 \
    X(27, CustomOpDomain_Add, OrtStatus *, (OrtCustomOpDomain *, const OrtCustomOp *))                                 \
    X(28, AddCustomOpDomain, OrtStatus *, (OrtSessionOptions *, OrtCustomOpDomain *))                                  \
    X(30, SessionGetInputCount, OrtStatus *, (const OrtSession *, std::size_t *))                                      \
    X(31, SessionGetOutputCount, OrtStatus *, (const OrtSession *, std::size_t *))                                     \
    X(33, SessionGetInputTypeInfo, OrtStatus *, (const OrtSession *, std::size_t, OrtTypeInfo **))                     \
    X(34, SessionGetOutputTypeInfo, OrtStatus *, (const OrtSession *, std::size_t, OrtTypeInfo **))                    \
    X(36, SessionGetInputName, OrtStatus *, (const OrtSession *, std::size_t, OrtAllocator *, char **))                \
    X(37, SessionGetOutputName, OrtStatus *, (const OrtSession *, std::size_t, OrtAllocator *, char **))               \
    X(39, CreateRunOptions, OrtStatus *, (OrtRunOptions **))                                                           \
    X(46, RunOptionsSetTerminate, OrtStatus *, (OrtRunOptions *))                                                      \
    X(47, RunOptionsUnsetTerminate, OrtStatus *, (OrtRunOptions *))                                                    \
    X(49, CreateTensorWithDataAsOrtValue, OrtStatus *,                                                                 \
      (const OrtMemoryInfo *, void *data, std::size_t bytes, const std::int64_t *dims, std::size_t rank, int type,     \
       OrtValue **))                                                                                                   \
    X(50, IsTensor, OrtStatus *, (const OrtValue *, int *))                                                            \
    X(51, GetTensorMutableData, OrtStatus *, (OrtValue *, void **))                                                    \
    X(55, CastTypeInfoToTensorInfo, OrtStatus *, (const OrtTypeInfo *, const OrtTensorTypeAndShapeInfo **))            \
    X(60, GetTensorElementType, OrtStatus *, (const OrtTensorTypeAndShapeInfo *, int *))                               \
    X(61, GetDimensionsCount, OrtStatus *, (const OrtTensorTypeAndShapeInfo *, std::size_t *))                         \
    X(62, GetDimensions, OrtStatus *, (const OrtTensorTypeAndShapeInfo *, std::int64_t *, std::size_t))                \
    X(65, GetTensorTypeAndShape, OrtStatus *, (const OrtValue *, OrtTensorTypeAndShapeInfo **))                        \
    X(69, CreateCpuMemoryInfo, OrtStatus *, (int allocator, int memory, OrtMemoryInfo **))                             \
    X(76, AllocatorFree, OrtStatus *, (OrtAllocator *, void *))                                                        \
    X(78, GetAllocatorWithDefaultOptions, OrtStatus *, (OrtAllocator **))                                              \
    X(86, KernelInfoGetAttribute_int64, OrtStatus *, (const OrtKernelInfo *, const char *name, std::int64_t *))        \
    X(90, KernelContext_GetInput, OrtStatus *, (const OrtKernelContext *, std::size_t index, const OrtValue **))       \
    X(91, KernelContext_GetOutput, OrtStatus *,                                                                        \
      (OrtKernelContext *, std::size_t index, const std::int64_t *dims, std::size_t rank, OrtValue **))                \
    X(92, ReleaseEnv, void, (OrtEnv *))                                                                                \
    X(93, ReleaseStatus, void, (OrtStatus *))                                                                          \
    X(94, ReleaseMemoryInfo, void, (OrtMemoryInfo *))                                                                  \
    X(95, ReleaseSession, void, (OrtSession *))                                                                        \
    X(96, ReleaseValue, void, (OrtValue *))                                                                            \
    X(97, ReleaseRunOptions, void, (OrtRunOptions *))                                                                  \
    X(98, ReleaseTypeInfo, void, (OrtTypeInfo *))                                                                      \
    X(99, ReleaseTensorTypeAndShapeInfo, void, (OrtTensorTypeAndShapeInfo *))                                          \
    X(100, ReleaseSessionOptions, void, (OrtSessionOptions *))                                                         \
    X(101, ReleaseCustomOpDomain, void, (OrtCustomOpDomain *))                                                         \
    X(119, CreateEnvWithGlobalThreadPools, OrtStatus *,                                                                \
      (int log_level, const char *log_id, const OrtThreadingOptions *, OrtEnv **))                                     \
    X(120, DisablePerSessionThreads, OrtStatus *, (OrtSessionOptions *))                                               \
    X(121, CreateThreadingOptions, OrtStatus *, (OrtThreadingOptions **))                                              \
    X(122, ReleaseThreadingOptions, void, (OrtThreadingOptions *))                                                     \
    X(130, AddSessionConfigEntry, OrtStatus *, (OrtSessionOptions *, const char *key, const char *value))              \
    X(133, RunWithBinding, OrtStatus *, (OrtSession *, const OrtRunOptions *, const OrtIoBinding *))                   \
    X(134, CreateIoBinding, OrtStatus *, (OrtSession *, OrtIoBinding **))                                              \
    X(135, ReleaseIoBinding, void, (OrtIoBinding *))                                                                   \
    X(136, BindInput, OrtStatus *, (OrtIoBinding *, const char *name, const OrtValue *))                               \
    X(137, BindOutput, OrtStatus *, (OrtIoBinding *, const char *name, const OrtValue *))                              \
    X(144, CreateAndRegisterAllocator, OrtStatus *, (OrtEnv *, const OrtMemoryInfo *, const OrtArenaCfg *))            \
    X(147, SetGlobalIntraOpNumThreads, OrtStatus *, (OrtThreadingOptions *, int))                                      \
    X(148, SetGlobalInterOpNumThreads, OrtStatus *, (OrtThreadingOptions *, int))                                      \
    X(149, SetGlobalSpinControl, OrtStatus *, (OrtThreadingOptions *, int))                                            \
    X(150, AddInitializer, OrtStatus *, (OrtSessionOptions *, const char *name, const OrtValue *))                     \
    X(166, CreatePrepackedWeightsContainer, OrtStatus *, (OrtPrepackedWeightsContainer **))                            \
    X(167, ReleasePrepackedWeightsContainer, void, (OrtPrepackedWeightsContainer *))                                   \
    X(169, CreateSessionFromArrayWithPrepackedWeightsContainer, OrtStatus *,                                           \
      (const OrtEnv *, const void *model, std::size_t, const OrtSessionOptions *, OrtPrepackedWeightsContainer *,      \
       OrtSession **))                                                                                                 \
    X(210, AddExternalInitializers, OrtStatus *,                                                                       \
      (OrtSessionOptions *, const char *const *names, const OrtValue *const *, std::size_t))

struct ApiBase {
    const void *(EDGEML_ORT_CALL *GetApi)(std::uint32_t version);
    const char *(EDGEML_ORT_CALL *GetVersionString)();
};

struct Api {
#define EDGEML_ORT_MEMBER(position, name, result, parameters) result(EDGEML_ORT_CALL *name) parameters = nullptr;
    EDGEML_ORT_ENTRIES(EDGEML_ORT_MEMBER)
#undef EDGEML_ORT_MEMBER

    void read(const void *table) {
        void *const *entries = static_cast<void *const *>(table);
#define EDGEML_ORT_READ(position, name, result, parameters)                                                            \
    name = reinterpret_cast<result(EDGEML_ORT_CALL *) parameters>(entries[position]);
        EDGEML_ORT_ENTRIES(EDGEML_ORT_READ)
#undef EDGEML_ORT_READ
    }
};

} // namespace edgeml::ort
