/* The interface of a TensorRT plug-in: one function that gives a table of functions. TensorRT 10 and 11 are
 * not binary compatible, so the plug-in is compiled once per major from one source, and this header is all that the
 * library knows of it. Not public: library and plug-ins are built together.
 *
 * Threads. Any, but a context belongs to one thread at a time and one build runs at a time. The caller has made the
 * device's primary CUDA context current on the calling thread before every call.
 * Errors. A function that can fail returns an edgeml_status and writes one line to `error`. Nothing throws.
 * Lifetime. An engine outlives its contexts, the runtime its engines and plans. The libraries stay loaded. */
#ifndef EDGEML_TENSORRT_PLUGIN_H
#define EDGEML_TENSORRT_PLUGIN_H

#include "edgeml/edgeml.h"

#ifdef __cplusplus
extern "C" {
#endif

#define EDGEML_TRT_ABI   1u /* raised with every change; the library refuses any other */
#define EDGEML_TRT_ENTRY "edgeml_trt_entry"

typedef struct edgeml_trt_runtime edgeml_trt_runtime;
typedef struct edgeml_trt_blob edgeml_trt_blob;
typedef struct edgeml_trt_engine edgeml_trt_engine;
typedef struct edgeml_trt_context edgeml_trt_context;

typedef struct edgeml_trt_error {
    char text[512];
} edgeml_trt_error;

typedef struct edgeml_trt_version {
    int32_t major, minor, patch, build;
} edgeml_trt_version;

typedef struct edgeml_trt_build_desc {
    const void *onnx;
    uint64_t onnx_bytes;
    const void *timing_cache; /* of an earlier build on this device, or null */
    uint64_t timing_cache_bytes;
    uint64_t workspace_bytes;    /* scratch a tactic may take; 0 leaves it to TensorRT */
    int32_t optimization_level;  /* 0..5 */
    int32_t timing_iterations;   /* samples per tactic; 0 leaves it to TensorRT */
    uint32_t allow_tf32;         /* 0: float32 is computed as float32 */
    uint32_t reserved;           /* 0 */
    edgeml_progress_fn progress; /* may be null */
    void *progress_user;
} edgeml_trt_build_desc;

typedef struct edgeml_trt_tensor {
    const char *name; /* lives as long as the engine */
    uint32_t is_input;
    uint32_t dtype; /* EDGEML_DTYPE_* */
    uint32_t rank;
    int64_t dims[EDGEML_MAX_RANK];
} edgeml_trt_tensor;

typedef struct edgeml_trt_plugin {
    uint32_t abi;                      /* EDGEML_TRT_ABI */
    edgeml_trt_version header_version; /* oldest library this plug-in works with, within its major */

    /* Opens libnvinfer, checks its version, and opens libnvonnxparser if one is given; without it nothing can be built.
     * Log lines go to the function of the runtime opened last: TensorRT keeps one logger per process. */
    edgeml_status (*runtime_open)(edgeml_trt_runtime **out, const char *infer_path, const char *parser_path,
                                  edgeml_log_fn log, void *log_user, edgeml_trt_error *error);
    edgeml_trt_version (*runtime_version)(const edgeml_trt_runtime *runtime);
    void (*runtime_close)(edgeml_trt_runtime *runtime);

    /* Strongly typed, batch 1, no auxiliary streams. `out_timing_cache` may be null; null in it: none was made.
     * EDGEML_E_MODEL_REJECTED: the parser refuses the model. EDGEML_E_CANCELLED: `progress` asked for it. */
    edgeml_status (*build)(edgeml_trt_runtime *runtime, edgeml_trt_blob **out_plan, edgeml_trt_blob **out_timing_cache,
                           const edgeml_trt_build_desc *desc, edgeml_trt_error *error);
    const void *(*blob_data)(const edgeml_trt_blob *blob, uint64_t *out_bytes);
    void (*blob_free)(edgeml_trt_blob *blob);

    /* EDGEML_E_MODEL_REJECTED: TensorRT does not take the plan. EDGEML_E_UNSUPPORTED: a tensor that cannot be bound
     * once and for all: host memory, a layout other than linear, an unknown dimension. */
    edgeml_status (*engine_load)(edgeml_trt_runtime *runtime, edgeml_trt_engine **out, const void *plan,
                                 uint64_t plan_bytes, edgeml_trt_error *error);
    uint32_t (*engine_tensor_count)(const edgeml_trt_engine *engine);
    void (*engine_tensor)(const edgeml_trt_engine *engine, uint32_t index, edgeml_trt_tensor *out);
    uint64_t (*engine_scratch_bytes)(const edgeml_trt_engine *engine);
    void (*engine_free)(edgeml_trt_engine *engine);

    /* `scratch` is device memory that contexts may share as long as they run one after another on one stream.
     * `addresses` has one device address per tensor of the engine, aligned to 256 bytes. */
    edgeml_status (*context_create)(edgeml_trt_engine *engine, edgeml_trt_context **out, uint64_t scratch,
                                    uint64_t scratch_bytes, const uint64_t *addresses, edgeml_trt_error *error);
    /* Puts one run on a stream (a CUstream) that is not the default one; may be captured into a graph. */
    edgeml_status (*context_enqueue)(edgeml_trt_context *context, void *stream, edgeml_trt_error *error);
    void (*context_free)(edgeml_trt_context *context);
} edgeml_trt_plugin;

typedef const edgeml_trt_plugin *(*edgeml_trt_entry_fn)(void);

#ifdef __cplusplus
}
#endif
#endif
