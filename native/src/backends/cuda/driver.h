// The CUDA driver, declared here and looked up at run time: nothing of NVIDIA's is needed to build.
//
// Names carry the version suffix under which libcuda exports the signature given here, so a newer driver cannot change
// the functions called. Entries after `first_optional` came with CUDA 12.3 and are null on older drivers.
#pragma once

#include "status.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

// As cuda.h declares them, so that a stream is the same type as TensorRT's cudaStream_t.
struct CUctx_st;
struct CUevent_st;
struct CUfunc_st;
struct CUgraph_st;
struct CUgraphExec_st;
struct CUgraphNode_st;
struct CUmod_st;
struct CUstream_st;

namespace edgeml::cuda {

using CUresult = int;
using CUdevice = int;
using CUdeviceptr = std::uint64_t;
using CUcontext = ::CUctx_st *;
using CUevent = ::CUevent_st *;
using CUfunction = ::CUfunc_st *;
using CUgraph = ::CUgraph_st *;
using CUgraphExec = ::CUgraphExec_st *;
using CUgraphNode = ::CUgraphNode_st *;
using CUmodule = ::CUmod_st *;
using CUstream = ::CUstream_st *;
using CUgraphConditionalHandle = std::uint64_t;

inline constexpr CUresult cuda_success = 0;
inline constexpr CUresult cuda_invalid_value = 1;
inline constexpr CUresult cuda_out_of_memory = 2;
inline constexpr CUresult cuda_not_initialized = 3;
inline constexpr CUresult cuda_no_device = 100;
inline constexpr CUresult cuda_invalid_device = 101;
inline constexpr CUresult cuda_invalid_context = 201;
inline constexpr CUresult cuda_invalid_ptx = 218;
inline constexpr CUresult cuda_invalid_handle = 400;
inline constexpr CUresult cuda_not_found = 500;
inline constexpr CUresult cuda_not_ready = 600;
inline constexpr CUresult cuda_illegal_address = 700;
inline constexpr CUresult cuda_not_supported = 801;
inline constexpr CUresult cuda_capture_unsupported = 900;
inline constexpr CUresult cuda_capture_invalidated = 901;
inline constexpr CUresult cuda_system_not_ready = 802;

inline constexpr unsigned host_alloc_portable = 1;
inline constexpr unsigned host_alloc_mapped = 2;
inline constexpr unsigned stream_non_blocking = 1;
inline constexpr unsigned event_blocking_sync = 1;
inline constexpr unsigned event_disable_timing = 2;
inline constexpr int capture_thread_local = 1;

inline constexpr int attribute_sm_count = 16;
inline constexpr int attribute_integrated = 18;
inline constexpr int attribute_can_map_host_memory = 19;
inline constexpr int attribute_compute_major = 75;
inline constexpr int attribute_compute_minor = 76;

enum class NodeType : int {
    kernel = 0,
    memcpy = 1,
    memset = 2,
    host = 3,
    graph = 4,
    empty = 5,
    event_record = 7,
    conditional = 13
};

inline constexpr int kernel_attribute_cooperative = 2;
union KernelAttribute {
    char pad[64];
    int cooperative;
};

// The first version, which every driver since 10.0 takes through cuGraphAddKernelNode.
struct KernelNodeParams {
    CUfunction function;
    unsigned grid[3];
    unsigned block[3];
    unsigned shared_bytes;
    void **parameters;
    void **extra;
};
static_assert(sizeof(KernelNodeParams) == 56);

// CUDA_KERNEL_NODE_PARAMS_v2, which may stand in a conditional body.
struct KernelNodeParamsV2 : KernelNodeParams {
    void *kernel;
    CUcontext context;
};
static_assert(sizeof(KernelNodeParamsV2) == 72);

inline constexpr unsigned conditional_assign_default = 1;
inline constexpr int conditional_if = 0;

// CUgraphNodeParams holding CUDA_CONDITIONAL_NODE_PARAMS.
struct ConditionalNodeParams {
    NodeType type = NodeType::conditional;
    int reserved0[3] = {};
    CUgraphConditionalHandle handle = 0;
    int conditional_type = conditional_if;
    unsigned size = 1;
    CUgraph *bodies = nullptr; // written by the driver: `size` graphs that the node owns
    CUcontext context = nullptr;
    std::uint64_t reserved1[25] = {};
    std::uint64_t reserved2 = 0;
};
static_assert(sizeof(ConditionalNodeParams) == 256);

// X(member, symbol, parameters)
#define EDGEML_CUDA_ENTRIES(X)                                                                                         \
    X(init, cuInit, (unsigned flags))                                                                                  \
    X(driver_version, cuDriverGetVersion, (int *version))                                                              \
    X(error_name, cuGetErrorName, (CUresult error, const char **text))                                                 \
    X(error_text, cuGetErrorString, (CUresult error, const char **text))                                               \
    X(device_count, cuDeviceGetCount, (int *count))                                                                    \
    X(device_get, cuDeviceGet, (CUdevice * device, int ordinal))                                                       \
    X(device_name, cuDeviceGetName, (char *name, int length, CUdevice device))                                         \
    X(device_attribute, cuDeviceGetAttribute, (int *value, int attribute, CUdevice device))                            \
    X(device_bytes, cuDeviceTotalMem_v2, (std::size_t * bytes, CUdevice device))                                       \
    X(device_pci_bus_id, cuDeviceGetPCIBusId, (char *id, int length, CUdevice device))                                 \
    X(primary_retain, cuDevicePrimaryCtxRetain, (CUcontext * context, CUdevice device))                                \
    X(primary_release, cuDevicePrimaryCtxRelease_v2, (CUdevice device))                                                \
    X(context_push, cuCtxPushCurrent_v2, (CUcontext context))                                                          \
    X(context_pop, cuCtxPopCurrent_v2, (CUcontext * context))                                                          \
    X(memory_info, cuMemGetInfo_v2, (std::size_t * free_bytes, std::size_t * total_bytes))                             \
    X(device_alloc, cuMemAlloc_v2, (CUdeviceptr * memory, std::size_t bytes))                                          \
    X(device_free, cuMemFree_v2, (CUdeviceptr memory))                                                                 \
    X(host_alloc, cuMemHostAlloc, (void **memory, std::size_t bytes, unsigned flags))                                  \
    X(host_free, cuMemFreeHost, (void *memory))                                                                        \
    X(host_device_pointer, cuMemHostGetDevicePointer_v2, (CUdeviceptr * device, void *memory, unsigned flags))         \
    X(copy_to_device, cuMemcpyHtoDAsync_v2, (CUdeviceptr to, const void *from, std::size_t bytes, CUstream stream))    \
    X(copy_to_host, cuMemcpyDtoHAsync_v2, (void *to, CUdeviceptr from, std::size_t bytes, CUstream stream))            \
    X(fill, cuMemsetD8Async, (CUdeviceptr to, unsigned char value, std::size_t bytes, CUstream stream))                \
    X(stream_create, cuStreamCreate, (CUstream * stream, unsigned flags))                                              \
    X(stream_destroy, cuStreamDestroy_v2, (CUstream stream))                                                           \
    X(stream_query, cuStreamQuery, (CUstream stream))                                                                  \
    X(stream_synchronize, cuStreamSynchronize, (CUstream stream))                                                      \
    X(capture_begin, cuStreamBeginCapture_v2, (CUstream stream, int mode))                                             \
    X(capture_end, cuStreamEndCapture, (CUstream stream, CUgraph * graph))                                             \
    X(event_create, cuEventCreate, (CUevent * event, unsigned flags))                                                  \
    X(event_destroy, cuEventDestroy_v2, (CUevent event))                                                               \
    X(event_record, cuEventRecord, (CUevent event, CUstream stream))                                                   \
    X(event_synchronize, cuEventSynchronize, (CUevent event))                                                          \
    X(event_elapsed, cuEventElapsedTime, (float *milliseconds, CUevent begin, CUevent end))                            \
    X(module_load, cuModuleLoadDataEx,                                                                                 \
      (CUmodule * module, const void *image, unsigned count, int *options, void **values))                             \
    X(module_unload, cuModuleUnload, (CUmodule module))                                                                \
    X(module_function, cuModuleGetFunction, (CUfunction * function, CUmodule module, const char *name))                \
    X(launch, cuLaunchKernel,                                                                                          \
      (CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,              \
       unsigned shared_bytes, CUstream stream, void **parameters, void **extra))                                       \
    X(graph_create, cuGraphCreate, (CUgraph * graph, unsigned flags))                                                  \
    X(graph_destroy, cuGraphDestroy, (CUgraph graph))                                                                  \
    X(graph_nodes, cuGraphGetNodes, (CUgraph graph, CUgraphNode * nodes, std::size_t * count))                         \
    X(node_type, cuGraphNodeGetType, (CUgraphNode node, NodeType * type))                                              \
    X(node_child, cuGraphChildGraphNodeGetGraph, (CUgraphNode node, CUgraph * graph))                                  \
    X(node_kernel_attribute, cuGraphKernelNodeGetAttribute, (CUgraphNode node, int attribute, KernelAttribute *value)) \
    X(add_child, cuGraphAddChildGraphNode,                                                                             \
      (CUgraphNode * node, CUgraph graph, const CUgraphNode *after, std::size_t after_count, CUgraph child))           \
    X(add_kernel, cuGraphAddKernelNode,                                                                                \
      (CUgraphNode * node, CUgraph graph, const CUgraphNode *after, std::size_t after_count,                           \
       const KernelNodeParams *parameters))                                                                            \
    X(graph_instantiate, cuGraphInstantiateWithFlags, (CUgraphExec * exec, CUgraph graph, unsigned long long flags))   \
    X(exec_upload, cuGraphUpload, (CUgraphExec exec, CUstream stream))                                                 \
    X(exec_launch, cuGraphLaunch, (CUgraphExec exec, CUstream stream))                                                 \
    X(exec_destroy, cuGraphExecDestroy, (CUgraphExec exec))

#define EDGEML_CUDA_OPTIONAL_ENTRIES(X)                                                                                \
    X(add_kernel_v2, cuGraphAddKernelNode_v2,                                                                          \
      (CUgraphNode * node, CUgraph graph, const CUgraphNode *after, std::size_t after_count,                           \
       const KernelNodeParamsV2 *parameters))                                                                          \
    X(add_node, cuGraphAddNode_v2,                                                                                     \
      (CUgraphNode * node, CUgraph graph, const CUgraphNode *after, const void *edge_data, std::size_t after_count,    \
       ConditionalNodeParams *parameters))                                                                             \
    X(conditional_handle, cuGraphConditionalHandleCreate,                                                              \
      (CUgraphConditionalHandle * handle, CUgraph graph, CUcontext context, unsigned value, unsigned flags))

#if defined(_WIN32) && !defined(_WIN64)
#define EDGEML_CUDA_CALL __stdcall
#else
#define EDGEML_CUDA_CALL
#endif

// A loaded driver library. It stays loaded for the life of the process: others may hold pointers into it. Any thread.
class Driver {
  public:
#define EDGEML_CUDA_MEMBER(member, symbol, parameters) CUresult(EDGEML_CUDA_CALL *member) parameters = nullptr;
    EDGEML_CUDA_ENTRIES(EDGEML_CUDA_MEMBER)
    EDGEML_CUDA_OPTIONAL_ENTRIES(EDGEML_CUDA_MEMBER)
#undef EDGEML_CUDA_MEMBER

    std::string path;
    int version = 0; // of the driver, 12040 for 12.4

    // `path` null or empty: environment EDGEML_CUDA_DRIVER, then the system's libcuda. Loads and initialises it.
    // EDGEML_E_BACKEND_MISSING: not found, or no device. EDGEML_E_BACKEND_VERSION: older than minimum_version.
    static std::shared_ptr<const Driver> open(const char *path);

    // Requirements of route A (conditional nodes).
    bool has_conditional_nodes() const noexcept {
        return version >= 12040 && add_node != nullptr && conditional_handle != nullptr && add_kernel_v2 != nullptr;
    }

    // Throws unless `result` is success: EDGEML_E_OUT_OF_MEMORY, EDGEML_E_DEVICE_LOST for errors no later call
    // recovers from, `status` for the rest. The text names `what` and the driver's own words.
    void check(CUresult result, const char *what, edgeml_status status = EDGEML_E_RUN_FAILED) const {
        if (result != cuda_success)
            raise(result, what, status);
    }
    std::string describe(CUresult result) const;

  private:
    [[noreturn]] void raise(CUresult result, const char *what, edgeml_status status) const;
};

inline constexpr int minimum_version = 11040;

} // namespace edgeml::cuda
