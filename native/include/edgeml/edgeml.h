/* edgeml: runs a branched classifier piece by piece and stops at the exit that is sure enough.
 *
 * Objects and threads
 *   context   one inference library, and the threads that compute. Any thread.
 *   weights   tensors shared by many engines. Any thread; it may grow, but not while an engine is made with it.
 *   engine    one piece of a network, immutable. Any thread, any number of chains at once.
 *   outputs   the results of one run of an engine. Any thread.
 *   buffer    aligned memory that never moves. Any thread; two chains must not run on the same buffer at once.
 *   chain     stages in order, and the state of one run. One thread at a time: a second caller gets EDGEML_E_BUSY.
 *             Which thread calls may change between calls. Different chains run in parallel.
 *   Every object keeps alive the objects it was made from; objects may be destroyed in any order, each exactly once.
 *   edgeml_last_error speaks of the calling thread only.
 *
 * Conventions
 *   A function that can fail returns EDGEML_OK or a negative EDGEML_E_*; then edgeml_last_error has one line about it.
 *   Outputs come first and are null or zero before anything can fail. Inputs are borrowed for the call, unless a
 *   function says otherwise. Text is UTF-8. Lengths count elements unless they are named bytes.
 *   Structs begin with struct_size, set by the caller to sizeof. A shorter struct is an older caller: missing fields
 *   are zero, and zero is the default. A longer one is accepted as long as the bytes unknown here are zero. Structs
 *   that the library fills are filled up to struct_size.
 *
 * Example: one unit, then the final exit. Errors are left out.
 *   edgeml_context_desc cd = {0};
 *   cd.struct_size = sizeof cd;
 *   cd.library_path = "/opt/onnxruntime/libonnxruntime.so.1";
 *   edgeml_context *context;
 *   edgeml_context_create(&context, &cd);
 *
 *   edgeml_engine_desc ed = {0};
 *   ed.struct_size = sizeof ed;
 *   ed.model = onnx_of_the_unit;
 *   ed.model_bytes = onnx_of_the_unit_bytes;
 *   edgeml_engine *unit;
 *   edgeml_engine_create(&unit, context, NULL, &ed);
 *   ... the same for `head`; buffers `image`, `features`, `scores` with edgeml_buffer_create ...
 *
 *   edgeml_chain *chain;
 *   edgeml_chain_create(&chain, context);
 *   edgeml_stage s = {0};
 *   s.struct_size = sizeof s;
 *   edgeml_chain_add(chain, unit, image, features, NULL, &s);
 *   s.exit_index = 1;
 *   s.flags = EDGEML_STAGE_FINAL;
 *   s.classes = 10;
 *   edgeml_chain_add(chain, head, features, NULL, scores, &s);
 *
 *   ... write the input to the data of `image` (edgeml_buffer_get_view) ...
 *   edgeml_run_desc rd = {0};
 *   rd.struct_size = sizeof rd;
 *   edgeml_run_result result;
 *   result.struct_size = sizeof result;
 *   edgeml_chain_run(&result, chain, &rd);
 *   printf("class %d, entropy %.3f\n", result.label, result.entropy);
 */
#ifndef EDGEML_H
#define EDGEML_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#if defined(EDGEML_BUILD)
#define EDGEML_API __declspec(dllexport)
#else
#define EDGEML_API __declspec(dllimport)
#endif
#else
#define EDGEML_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- version, status ---- */

#define EDGEML_ABI_MAJOR   1u /* raised when an existing function or field changes */
#define EDGEML_ABI_MINOR   9u /* raised when something is added */
#define EDGEML_ABI_VERSION (EDGEML_ABI_MAJOR << 16 | EDGEML_ABI_MINOR)

typedef int32_t edgeml_status; /* EDGEML_OK or a negative EDGEML_E_* */

#define EDGEML_OK                 0
#define EDGEML_E_INVALID_ARGUMENT (-1) /* a null, a length or an index that cannot be meant */
#define EDGEML_E_STRUCT_SIZE      (-2) /* struct_size is 0, too small, or unknown trailing bytes are not zero */
#define EDGEML_E_BACKEND_MISSING  (-3) /* the inference library was not found or cannot be loaded */
#define EDGEML_E_BACKEND_VERSION  (-4) /* the inference library is too old */
#define EDGEML_E_MODEL_REJECTED   (-5) /* the inference library refuses the model */
#define EDGEML_E_UNSUPPORTED      (-6) /* a model this library cannot serve, e.g. a dimension that stays unknown */
#define EDGEML_E_MISMATCH         (-7) /* data type or byte size of two ends differ */
#define EDGEML_E_BUSY             (-8) /* another thread is running this chain */
#define EDGEML_E_OUT_OF_MEMORY    (-9)
#define EDGEML_E_RUN_FAILED       (-10) /* the inference library failed while running */
#define EDGEML_E_DEVICE_LOST      (-11) /* a device failed for good: nothing on it works until the process restarts */
#define EDGEML_E_CANCELLED        (-12) /* a progress function asked for the end */
#define EDGEML_E_INTERNAL         (-99) /* a defect of this library */

/* EDGEML_ABI_VERSION of the library: callers refuse another major, and a smaller minor than the one they need. */
EDGEML_API uint32_t edgeml_abi_version(void);

/* Name of a status, "EDGEML_E_BUSY"; "unknown" for anything else. Static storage. */
EDGEML_API const char *edgeml_status_name(edgeml_status status);

/* Copies the text of the calling thread's last failed call, cut at capacity - 1 bytes and terminated. Empty after a
 * success. Returns the bytes that the whole text needs, terminator included; `text` may be null if capacity is 0. */
EDGEML_API size_t edgeml_last_error(char *text, size_t capacity);

/* Objects alive in this process, those included that were destroyed but are still held by others. For leak tests. */
EDGEML_API uint64_t edgeml_live_objects(void);

/* Nanoseconds that the calling thread has computed for; 0 where that is not known. Unlike a clock it does not run while
 * other programs have the processor. ABI 1.8 */
EDGEML_API uint64_t edgeml_thread_cpu_ns(void);

/* ---- context ---- */

typedef struct edgeml_context edgeml_context; /* opaque; see edgeml_context_destroy */
typedef struct edgeml_weights edgeml_weights; /* opaque; see edgeml_weights_destroy */
typedef struct edgeml_engine edgeml_engine;   /* opaque; see edgeml_engine_destroy */
typedef struct edgeml_outputs edgeml_outputs; /* opaque; see edgeml_outputs_destroy */
typedef struct edgeml_buffer edgeml_buffer;   /* opaque; see edgeml_buffer_destroy */
typedef struct edgeml_chain edgeml_chain;     /* opaque; see edgeml_chain_destroy */

#define EDGEML_BACKEND_ONNXRUNTIME 1u /* ONNX Runtime on the CPU */
#define EDGEML_BACKEND_TENSORRT    2u /* TensorRT on an NVIDIA GPU */
/* ONNX Runtime with its execution provider for CUDA, or the one for TensorRT (then CUDA for what that cannot compute),
 * on an NVIDIA GPU; libonnxruntime_providers_*.so lie beside the library. Buffers stay in the host's memory, exits are
 * decided there, and weights come inside models. ABI 1.9 */
#define EDGEML_BACKEND_ONNXRUNTIME_CUDA     3u
#define EDGEML_BACKEND_ONNXRUNTIME_TENSORRT 4u

/* Idle pool threads burn a core while they wait: a little faster, much hotter. */
#define EDGEML_CONTEXT_ALLOW_SPINNING 1u
/* In edgeml_context_info alone: other code of this process made ONNX Runtime's environment first and without a thread
 * pool for all sessions, so that each engine has its own pool and its own arena, and no pool spins. */
#define EDGEML_CONTEXT_GUEST 2u
/* Every engine of the context computes on its own `threads` - 1 threads and the caller, not on those that all contexts
 * share. They never spin. Implied by `cores` and `priority`, and by more than one thread where the environment was made
 * for a context with its own. ONNX Runtime only. ABI 1.9 */
#define EDGEML_CONTEXT_OWN_THREADS 4u

#define EDGEML_LOG_ERROR   0
#define EDGEML_LOG_WARNING 1
#define EDGEML_LOG_INFO    2

/* A line of the inference library's. On any thread, also while another call is under way; must not call back. */
typedef void (*edgeml_log_fn)(void *user, int32_t level, const char *text);

typedef struct edgeml_context_desc {
    uint32_t struct_size;
    uint32_t threads; /* threads that compute one operator, the caller included; 0 means 1 */
    uint32_t flags;   /* EDGEML_CONTEXT_* */
    uint32_t backend; /* EDGEML_BACKEND_*; 0 means ONNX Runtime */
    /* ONNX Runtime: its file; null: environment EDGEML_ONNXRUNTIME, then the loader.
     * TensorRT: its folder; null: environment EDGEML_TENSORRT_DIR, then where it usually is. */
    const char *library_path;
    /* since ABI 1.1, used by TensorRT alone */
    const char *cache_path; /* folder for built engines; null: nothing is kept */
    edgeml_log_fn log;      /* may be null */
    void *log_user;
    uint32_t device; /* index of the GPU; EDGEML_BACKEND_ONNXRUNTIME_* use it too */
    uint32_t route;  /* EDGEML_ROUTE_*; 0 means the best one that works */
    /* since ABI 1.9, used by ONNX Runtime alone (with any provider), on Linux alone */
    /* Processors to compute on, at least one per thread, all of them among those the process was started with; null for
     * no choice. Each of the engines' own threads stays on one of the last `threads` - 1 of them; a thread that calls
     * edgeml_chain_run or edgeml_chain_run_batch is on one of the others until the call returns, then has its own mask
     * again. */
    const uint32_t *cores;
    uint32_t core_count; /* 0 with null */
    /* Real-time priority (SCHED_FIFO, 1..99) of the engines' own threads, and of a thread that calls edgeml_chain_run
     * until the call returns; 0 for none. A thread that computes so for long starves everything else on its processor.
     */
    uint32_t priority;
} edgeml_context_desc;

typedef struct edgeml_context_info {
    uint32_t struct_size;
    uint32_t backend; /* EDGEML_BACKEND_* */
    uint32_t
        threads;    /* in use; of contexts without own threads, the first one decides for all that share its library */
    uint32_t flags; /* EDGEML_CONTEXT_* in use */
    char backend_name[32];
    char library_version[32];
    char library_path[512]; /* as it was given to the loader */
} edgeml_context_info;

/* Loads the inference library (once per process and path; it stays loaded) and joins its thread pool.
 * EDGEML_E_BACKEND_MISSING, EDGEML_E_BACKEND_VERSION: the text names the file.
 * EDGEML_E_UNSUPPORTED: a core outside the process's affinity mask, a priority that the process may not have. */
EDGEML_API edgeml_status edgeml_context_create(edgeml_context **out_context, const edgeml_context_desc *desc);
EDGEML_API edgeml_status edgeml_context_get_info(edgeml_context_info *out_info, const edgeml_context *context);
EDGEML_API void edgeml_context_destroy(edgeml_context *context); /* null is allowed; cannot fail */

/* ---- device ---- */

#define EDGEML_DEVICE_INTEGRATED 1u /* shares the host's memory, as on a Jetson */

typedef struct edgeml_device_info {
    uint32_t struct_size;
    uint32_t flags;          /* EDGEML_DEVICE_* */
    uint32_t driver_version; /* 12040 for CUDA 12.4 */
    uint32_t compute_major;
    uint32_t compute_minor;
    uint32_t processors; /* streaming multiprocessors */
    uint32_t route;      /* EDGEML_ROUTE_* that a chain takes here, if its engines allow it */
    uint32_t reserved;
    uint64_t bytes; /* of device memory */
    char name[128];
    char pci_bus_id[32];   /* "0000:01:00.0"; empty where there is none */
    char driver_path[512]; /* as it was given to the loader */
    char route_note[512];  /* why not an earlier route; empty for EDGEML_ROUTE_DEVICE */
} edgeml_device_info;

/* Looks at CUDA device `device` (0 is the first) and runs a tiny chain on it. `driver_path` is the driver's library;
 * null: environment EDGEML_CUDA_DRIVER, then the loader. Any thread; takes up to seconds. ABI 1.3
 * EDGEML_E_BACKEND_MISSING: no driver, no such device. EDGEML_E_BACKEND_VERSION: older than CUDA 11.4.
 * EDGEML_E_UNSUPPORTED: a device that cannot take chains. */
EDGEML_API edgeml_status edgeml_device_probe(edgeml_device_info *out_info, int32_t device, const char *driver_path);

/* Which TensorRT is here and the plug-ins it needs, for people: a line per piece, fields between tabs: name, 1 or 0
 * for usable or not, the finding or the reason, places searched. `library_path` as in edgeml_context_desc. `text`,
 * capacity and result as in edgeml_last_error. Loads libraries that it finds. ABI 1.3 */
EDGEML_API size_t edgeml_inspect_tensorrt(char *text, size_t capacity, const char *library_path);

/* ---- tensors ---- */

#define EDGEML_MAX_RANK  8
#define EDGEML_MAX_EXITS 16

#define EDGEML_DTYPE_OTHER 0u /* something this library carries no data of */
#define EDGEML_DTYPE_F32   1u
#define EDGEML_DTYPE_F16   2u
#define EDGEML_DTYPE_BF16  3u
#define EDGEML_DTYPE_I8    4u
#define EDGEML_DTYPE_U8    5u
#define EDGEML_DTYPE_I32   6u
#define EDGEML_DTYPE_I64   7u
#define EDGEML_DTYPE_F64   8u
#define EDGEML_DTYPE_BOOL  9u
#define EDGEML_DTYPE_I16   10u
#define EDGEML_DTYPE_U16   11u
#define EDGEML_DTYPE_U32   12u
#define EDGEML_DTYPE_U64   13u

typedef struct edgeml_tensor_info {
    uint32_t struct_size;
    uint32_t dtype;                /* EDGEML_DTYPE_* */
    uint32_t rank;                 /* 0 for a scalar */
    uint32_t name_bytes;           /* of the whole name; a longer name is cut in `name` */
    int64_t dims[EDGEML_MAX_RANK]; /* first `rank` entries */
    uint64_t bytes;                /* of the dense data */
    char name[256];
} edgeml_tensor_info;

/* ---- weights ---- */

/* Called once, on any thread, when nothing reads the data of a weights object any more. Must not call back. */
typedef void (*edgeml_released_fn)(void *user);

/* An empty set of named tensors. `released` may be null. */
EDGEML_API edgeml_status edgeml_weights_create(edgeml_weights **out_weights, edgeml_context *context,
                                               edgeml_released_fn released, void *user);

/* Adds a tensor. `data` is not copied: it stays with the caller, unchanged, until `released` is called (engines made
 * with the weights hold them). Data may be a read-only file mapping; 64-byte alignment is fastest, the type's own is
 * enough. Not while an engine is being created with these weights.
 * EDGEML_E_INVALID_ARGUMENT: the name exists, a dimension is negative, or `bytes` is not the product of dims and type.
 */
EDGEML_API edgeml_status edgeml_weights_add(edgeml_weights *weights, const char *name, uint32_t dtype,
                                            const int64_t *dims, uint32_t rank, const void *data, uint64_t bytes);

typedef struct edgeml_weights_info {
    uint32_t struct_size;
    uint32_t reserved;
    uint64_t copied_bytes; /* held by the set itself, of tensors in other layouts; see edgeml_engine_join */
} edgeml_weights_info;

/* ABI 1.4 */
EDGEML_API edgeml_status edgeml_weights_get_info(edgeml_weights_info *out_info, const edgeml_weights *weights);
EDGEML_API void edgeml_weights_destroy(edgeml_weights *weights); /* null is allowed; cannot fail */

/* ---- engine ---- */

#define EDGEML_OPTIMIZE_DEFAULT  0u /* the backend's choice: EXTENDED or ALL, the same for the same model bytes */
#define EDGEML_OPTIMIZE_NONE     1u
#define EDGEML_OPTIMIZE_BASIC    2u
#define EDGEML_OPTIMIZE_EXTENDED 3u
#define EDGEML_OPTIMIZE_ALL      4u /* also data layouts made for this processor */

/* How far a build has come, 0..1, never falling. On any thread; anything but 0 cancels; must not call back. */
typedef int32_t (*edgeml_progress_fn)(void *user, double done, const char *phase);

typedef struct edgeml_engine_desc {
    uint32_t struct_size;
    uint32_t optimization; /* EDGEML_OPTIMIZE_* */
    const void *model;     /* bytes of an ONNX file; borrowed for the call */
    uint64_t model_bytes;
    /* since ABI 1.1 */
    edgeml_progress_fn progress; /* may be null; ONNX Runtime is too fast to need it */
    void *progress_user;
    /* Folder of the files that hold the model's external data, as ONNX means it; null: they come from `weights`. For
     * models as they are, not for speed: nothing is shared. ONNX Runtime only. ABI 1.5 */
    const char *folder;
} edgeml_engine_desc;

/* The first dimension of the one input and of every output counts rows: see edgeml_chain_run_batch. ABI 1.8 */
#define EDGEML_ENGINE_BATCHES 1u

typedef struct edgeml_engine_info {
    uint32_t struct_size;
    uint32_t inputs;
    uint32_t outputs;
    uint32_t flags;          /* EDGEML_ENGINE_* */
    uint64_t resident_bytes; /* roughly, beside shared weights; 0 when the backend cannot tell */
} edgeml_engine_info;

/* Makes a piece of a network ready to run; takes milliseconds to seconds. An unknown first dimension of an input is the
 * batch and counts as 1, here and in edgeml_chain_run; any other unknown dimension of an input is EDGEML_E_UNSUPPORTED.
 * Outputs whose shape the model does not tell get it from one run on zeros. Tensors of the model marked as external
 * data (data_location EXTERNAL, any location) are taken from `weights` by name; `weights` may be null, names the model
 * lacks are ignored. Tensors that a library could change, or take in another layout, are copied into the engine, all
 * others are read in place. EDGEML_E_MODEL_REJECTED: the text is the inference library's. */
EDGEML_API edgeml_status edgeml_engine_create(edgeml_engine **out_engine, edgeml_context *context,
                                              edgeml_weights *weights, const edgeml_engine_desc *desc);
EDGEML_API edgeml_status edgeml_engine_get_info(edgeml_engine_info *out_info, const edgeml_engine *engine);
EDGEML_API edgeml_status edgeml_engine_get_input(edgeml_tensor_info *out_info, const edgeml_engine *engine,
                                                 uint32_t index);
EDGEML_API edgeml_status edgeml_engine_get_output(edgeml_tensor_info *out_info, const edgeml_engine *engine,
                                                  uint32_t index);
EDGEML_API void edgeml_engine_destroy(edgeml_engine *engine); /* null is allowed; cannot fail */

/* A range of a network on its way into one engine with others. */
typedef struct edgeml_range {
    const void *model; /* as in edgeml_engine_desc; outputs: the tensor that the next range reads, the exit's logits */
    uint64_t model_bytes;
    uint32_t exit_index; /* of the side exit after it; 0 for the last range */
    uint32_t reserved;   /* 0 */
} edgeml_range;

typedef struct edgeml_join_desc {
    uint32_t struct_size;
    uint32_t range_count; /* 1..EDGEML_MAX_EXITS + 1; one alone shares copies as joined ones do; 2.. before ABI 1.8 */
    const edgeml_range *ranges;
    uint64_t copy_limit;   /* most bytes of copies that the weights may come to hold */
    uint32_t optimization; /* EDGEML_OPTIMIZE_*, of each range alone. ABI 1.8 */
    uint32_t reserved;     /* 0 */
} edgeml_join_desc;

/* Makes one engine of ranges that would run one after the other, each in the layouts it has alone on this processor,
 * with a gate (see edgeml_gate) at each stop between them. Outputs: those of the last range, then the logits of each
 * exit. Where layouts differ from the model's, `weights` gets copies of tensors in the new one, each content once for
 * all engines made with them. Takes as long as creating all ranges and once more; on one thread at a time for the same
 * weights. ABI 1.4
 * EDGEML_E_UNSUPPORTED: a backend without gates, ranges that cannot be joined, copies beyond the limit. */
EDGEML_API edgeml_status edgeml_engine_join(edgeml_engine **out_engine, edgeml_context *context,
                                            edgeml_weights *weights, const edgeml_join_desc *desc);

/* Runs the engine once and keeps every output. `inputs` and `input_bytes` have one entry per input of the engine; a
 * null entry means zeros. For preparation and tests, not for speed. ABI 1.7 */
EDGEML_API edgeml_status edgeml_outputs_create(edgeml_outputs **out_outputs, const edgeml_engine *engine,
                                               const void *const *inputs, const uint64_t *input_bytes,
                                               uint32_t input_count);

/* Type, shape and name of output `index` as this run gave it. `out_data` (may be null) gets its data, valid until the
 * outputs are destroyed; null for EDGEML_DTYPE_OTHER. A rank above EDGEML_MAX_RANK is reported with dims 0. ABI 1.7 */
EDGEML_API edgeml_status edgeml_outputs_get(edgeml_tensor_info *out_info, const void **out_data,
                                            const edgeml_outputs *outputs, uint32_t index);

/* null is allowed; cannot fail. ABI 1.7 */
EDGEML_API void edgeml_outputs_destroy(edgeml_outputs *outputs);

/* The names of the same type and functions before ABI 1.7. They do the same. */
typedef edgeml_outputs edgeml_probe;
EDGEML_API edgeml_status edgeml_probe_create(edgeml_probe **out_probe, const edgeml_engine *engine,
                                             const void *const *inputs, const uint64_t *input_bytes,
                                             uint32_t input_count);
EDGEML_API edgeml_status edgeml_probe_get_output(edgeml_tensor_info *out_info, const void **out_data,
                                                 const edgeml_probe *probe, uint32_t index);
EDGEML_API void edgeml_probe_destroy(edgeml_probe *probe);

/* ---- buffer ---- */

#define EDGEML_BUFFER_ALIGNMENT 64
#define EDGEML_MAX_BUFFER_BYTES ((uint64_t)1 << 40)

typedef struct edgeml_buffer_view {
    uint32_t struct_size;
    uint32_t reserved;
    void *data;        /* aligned to EDGEML_BUFFER_ALIGNMENT; does not move while the buffer lives */
    uint64_t bytes;    /* at data */
    uint64_t headroom; /* writable bytes directly before data, for a frame's header */
} edgeml_buffer_view;

/* Zeroed memory. */
EDGEML_API edgeml_status edgeml_buffer_create(edgeml_buffer **out_buffer, edgeml_context *context, uint64_t bytes,
                                              uint64_t headroom);
EDGEML_API edgeml_status edgeml_buffer_get_view(edgeml_buffer_view *out_view, const edgeml_buffer *buffer);
EDGEML_API void edgeml_buffer_destroy(edgeml_buffer *buffer); /* null is allowed; cannot fail */

/* ---- decision ---- */

#define EDGEML_DECISION_INVALID 1u /* a logit is NaN or +infinity: entropy is NaN, no exit may be taken */

typedef struct edgeml_decision {
    uint32_t struct_size;
    uint32_t flags;   /* EDGEML_DECISION_* */
    int32_t label;    /* largest logit, lowest index on ties; NaN is never largest */
    float entropy;    /* of the softmax over ln(count), 0..1; 0 for fewer than two classes */
    float confidence; /* probability of label */
    float margin;     /* confidence minus the second probability */
} edgeml_decision;

/* The inputs of an exit's decision, by the same source as in chains. `logits` are raw scores, not probabilities. */
EDGEML_API edgeml_status edgeml_decide(edgeml_decision *out_decision, const float *logits, uint64_t count);

/* ---- exit rules, since ABI 1.9 ---- */

/* What a side exit's threshold is compared with: how unsure the exit is, 0..1. C classes with probabilities p of the
 * softmax, p1 and p2 the two largest: */
#define EDGEML_RULE_ENTROPY         0u /* the entropy over ln C; a chain's rule unless it is set */
#define EDGEML_RULE_MAX_PROBABILITY 1u /* (1 - p1) C / (C - 1) */
#define EDGEML_RULE_MARGIN          2u /* 1 - (p1 - p2) */
/* The entropy where this side exit and those directly before it, `patience` in all, say the same class, 1 elsewhere.
 * Those before a tried exit are tried too, whatever their own threshold. */
#define EDGEML_RULE_PATIENCE 3u
#define EDGEML_RULE_CUSTOM   4u /* the caller's */

/* How unsure side exit `exit_index` is: 0..1, cut off there; NaN never exits. On the thread that runs the chain, or one
 * of the inference library's. `output` is the exit's, one row, and free of NaN. Must not call back. */
typedef float (*edgeml_uncertainty_fn)(void *user, uint32_t exit_index, const float *output, uint64_t count);

typedef struct edgeml_exit_rule {
    uint32_t struct_size;
    uint32_t kind;                     /* EDGEML_RULE_* */
    uint32_t patience;                 /* with EDGEML_RULE_PATIENCE: exits that must agree, 1..EDGEML_MAX_EXITS */
    uint32_t reserved;                 /* 0 */
    edgeml_uncertainty_fn uncertainty; /* with EDGEML_RULE_CUSTOM */
    void *user;
} edgeml_exit_rule;

/* ---- sha-256, since ABI 1.6 ---- */

/* Takes `count` blocks of 64 bytes into the 8 words of `state`, with the processor's instructions where it has them.
 * The caller begins with the initial value of FIPS 180-4 and pads the message. `data` may be null if count is 0. */
EDGEML_API edgeml_status edgeml_sha256_blocks(uint32_t *state, const void *data, uint64_t count);

/* ---- chain ---- */

#define EDGEML_STAGE_FINAL 1u /* its logits are the network's answer: always taken, never compared with a threshold */
/* With EDGEML_STAGE_FINAL: its "logits" are `classes` numbers of any meaning (boxes, a mask, an embedding), the answer
 * as it is. Nothing is decided: label -1, entropy, confidence and margin NaN, no number is looked at. Backends whose
 * chains run on a device refuse it with EDGEML_E_UNSUPPORTED. ABI 1.9 */
#define EDGEML_STAGE_RAW 2u

/* A side exit inside a stage. Such an engine's model has, for each of them, a node Gate of domain "edgeml" between the
 * layers before and after the exit:
 *   inputs   the tensor that continues the network (float), the exit's logits (also an output of the model), and the
 *            model's second input "edgeml/gate" (int64, 1 element), which engines do not list and chains fill
 *   output   the same tensor; everything after the exit depends on it
 *   exit     attribute: the exit's index
 * The run looks at the exit there and ends when it is taken, without running anything after it. */
typedef struct edgeml_gate {
    uint32_t exit_index; /* 1..EDGEML_MAX_EXITS */
    uint32_t classes;
    uint32_t logits_output; /* output of the engine that goes to the logits buffer */
    uint32_t reserved;      /* 0 */
    edgeml_buffer *logits;
} edgeml_gate;

typedef struct edgeml_stage {
    uint32_t struct_size;
    uint32_t flags;           /* EDGEML_STAGE_* */
    uint32_t boundary_output; /* output of the engine that goes to the boundary buffer */
    uint32_t logits_output;   /* output of the engine that goes to the logits buffer */
    uint32_t exit_index;      /* 1..EDGEML_MAX_EXITS with logits, EDGEML_MAX_EXITS + 1 at most if final; 0 without */
    uint32_t classes;         /* number of logits; 0 without */
    const edgeml_gate *gates; /* side exits inside the engine, in order; null for none. ABI 1.2 */
    uint32_t gate_count;
    uint32_t reserved; /* 0 */
} edgeml_stage;

EDGEML_API edgeml_status edgeml_chain_create(edgeml_chain **out_chain, edgeml_context *context);

/* Appends a stage: an engine with exactly one input. It reads `input` and writes its boundary tensor to `boundary`
 * (null for a head alone) and its logits, float, to `logits` (null for a unit alone); one of the two is there. Buffers
 * may be shared with other stages and chains; a tensor lies at the start of its buffer, which may be larger.
 * EDGEML_E_MISMATCH: a buffer is too small, or the stage that last wrote `input` wrote another type or size.
 * EDGEML_E_UNSUPPORTED: an engine with gates on a backend that has none; gates of an engine that has none.
 * EDGEML_E_BUSY: the chain is running. */
EDGEML_API edgeml_status edgeml_chain_add(edgeml_chain *chain, const edgeml_engine *engine, edgeml_buffer *input,
                                          edgeml_buffer *boundary, edgeml_buffer *logits, const edgeml_stage *stage);

/* Decides about side exits by another rule in all runs that follow. A device decides by entropy alone: with another
 * rule the host decides, by EDGEML_ROUTE_STAGES or EDGEML_ROUTE_STREAMS. EDGEML_E_UNSUPPORTED: EDGEML_ROUTE_DEVICE is
 * demanded. EDGEML_E_BUSY: the chain is running. ABI 1.9 */
EDGEML_API edgeml_status edgeml_chain_set_rule(edgeml_chain *chain, const edgeml_exit_rule *rule);

typedef struct edgeml_run_desc {
    uint32_t struct_size;
    uint32_t flags;          /* 0 */
    const float *thresholds; /* [exit_index - 1]; exit iff uncertainty < threshold; 0, or beyond the count, never */
    uint32_t threshold_count;
    uint32_t first_stage; /* stages before it are not run; its input is read as it is */
    uint32_t stage_count; /* stages to consider from there on; 0 means all that follow */
    uint32_t stage_ns_capacity;
    uint64_t *stage_ns; /* nanoseconds by absolute stage, 0 where not run; null: not measured */
    /* Read instead of the first stage's own input in this run, and not held afterwards; null: its own. On the host the
     * stage reads it in place, a device copies it. ABI 1.8 */
    const edgeml_buffer *input;
    /* With EDGEML_RULE_PATIENCE: the classes that exits before the first stage said, [exit_index - 1], -1 where that is
     * not known; null for none. ABI 1.9 */
    const int32_t *said;
    uint32_t said_count;
    uint32_t reserved; /* 0 */
} edgeml_run_desc;

#define EDGEML_OUTCOME_EXITED 1u /* a side exit was sure enough */
#define EDGEML_OUTCOME_FINAL  2u /* the final exit answered */
#define EDGEML_OUTCOME_CUT    3u /* the stages ended undecided; the cut tensor is ready to be sent or continued */

#define EDGEML_ROUTE_HOST    0u /* the caller's thread computes and decides */
#define EDGEML_ROUTE_DEVICE  1u /* one launch, a device decides */
#define EDGEML_ROUTE_STAGES  2u /* a launch per stretch between two exits, the host reads the device's decision */
#define EDGEML_ROUTE_STREAMS 3u /* the same without graphs */

#define EDGEML_RESULT_INVALID_LOGITS 1u /* at least one exit saw NaN or +infinity */

typedef struct edgeml_run_result {
    uint32_t struct_size;
    uint32_t flags;      /* EDGEML_RESULT_* */
    uint32_t outcome;    /* EDGEML_OUTCOME_* */
    uint32_t exit_index; /* of the exit that answered; 0 for EDGEML_OUTCOME_CUT */
    int32_t label;       /* of the answer; -1 for EDGEML_OUTCOME_CUT and EDGEML_STAGE_RAW */
    float entropy;       /* of the answer, or what the rule has in its place (the entropy for the final exit under
                          * EDGEML_RULE_CUSTOM); NaN for those two, and for confidence and margin too */
    float confidence;
    float margin;
    uint32_t stages_run;
    uint32_t last_stage;                  /* index of the last one run */
    uint64_t total_ns;                    /* the whole call */
    float exit_entropy[EDGEML_MAX_EXITS]; /* the same of side exits by exit_index - 1; NaN where not tried */
    int32_t exit_label[EDGEML_MAX_EXITS]; /* -1 where not tried */
    const float *logits;                  /* of the answer, in the stage's logits buffer; null for EDGEML_OUTCOME_CUT */
    uint64_t logit_count;
    /* Deepest tensor computed so far that continues the network, or the input; null with a device's answer, and in a
     * batch with any. */
    void *cut;
    uint64_t cut_bytes;
    uint32_t route; /* EDGEML_ROUTE_*; ABI 1.1 */
    uint32_t reserved;
} edgeml_run_result;

/* Runs the stages in order and returns at the first exit taken, at the final exit, or when the stages end. A stage that
 * is only a side exit's head is skipped while its threshold is 0. Pointers in the result point into the caller's
 * buffers and stay valid until something writes to them. Allocates nothing. */
EDGEML_API edgeml_status edgeml_chain_run(edgeml_run_result *out_result, edgeml_chain *chain,
                                          const edgeml_run_desc *desc);

#define EDGEML_MAX_ROWS 1024

/* One of several inputs of a chain. */
typedef struct edgeml_row {
    /* Its tensor, at the start; null: it lies in the first stage's own input buffer, at the row's place. */
    const edgeml_buffer *input;
    const float *thresholds; /* as in edgeml_run_desc; the exits with one above 0 are the same in all rows */
    uint32_t threshold_count;
    uint32_t reserved; /* 0 */
} edgeml_row;

typedef struct edgeml_batch_desc {
    uint32_t struct_size;
    uint32_t row_count; /* 1..EDGEML_MAX_ROWS */
    const edgeml_row *rows;
    uint32_t first_stage; /* as in edgeml_run_desc */
    uint32_t stage_count;
    const int32_t *said; /* as in edgeml_run_desc, EDGEML_MAX_EXITS for each row. ABI 1.9 */
} edgeml_batch_desc;

/* Runs several inputs together, and decides about each of them as edgeml_chain_run does: rows that an exit answers
 * leave, the next stage runs on the rest. For it every engine of the stages batches (EDGEML_ENGINE_BATCHES)
 * and their buffers hold `row_count` tensors, one after the other. Chains with other engines, and those on a device,
 * run row after row; then each row gives its input, and only buffers of logits hold one tensor per row. Each exit has
 * its own logits buffer. Results come in the order of the rows: an array of as many as there are rows, of which the
 * first has struct_size set; logits are the row's own. What lies in the first stage's input is used up. Allocates only
 * while the number of rows at a stage is new to the chain. ABI 1.8
 * EDGEML_E_MISMATCH: a buffer too small.
 * EDGEML_E_INVALID_ARGUMENT: rows that try different exits; a row without input where it is needed. */
EDGEML_API edgeml_status edgeml_chain_run_batch(edgeml_run_result *out_results, edgeml_chain *chain,
                                                const edgeml_batch_desc *desc);
EDGEML_API void edgeml_chain_destroy(edgeml_chain *chain); /* null is allowed; not while it runs; cannot fail */

#ifdef __cplusplus
}
#endif
#endif
