/* What the doubles of libnvinfer and libnvonnxparser offer beside TensorRT's own symbols. They implement TensorRT's
 * real interfaces, from its public headers, over ONNX Runtime (through libedgeml's C interface) and put their work on
 * the double of the CUDA driver, whose library EDGEML_CUDA_DRIVER names. */
#ifndef EDGEML_FAKE_TENSORRT_H
#define EDGEML_FAKE_TENSORRT_H

#include <stddef.h>
#include <stdint.h>

#define EDGEML_FAKE_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* Faults by name, process-wide; "" clears all. The environment variable EDGEML_FAKE_TENSORRT holds the same text.
 *   refuse_plans=2   the next two plans are refused as if they came from another version
 *   refuse_build     builds fail with an error of the recorder
 *   host_output      outputs lie in host memory
 *   odd_format       outputs are not stored in rows
 *   open_shape       a dimension of the outputs is unknown
 *   shape_tensor     outputs are shapes
 *   fail_enqueue=3   the third enqueue from now on fails
 * Several are separated by commas. Returns 0, or -1 for a text that it does not understand. */
EDGEML_FAKE_API int edgeml_fake_tensorrt_faults(const char *text);

typedef struct edgeml_fake_tensorrt_counts {
    uint64_t builds, engines_loaded, contexts_alive, enqueues, runs, warm_timing_caches;
} edgeml_fake_tensorrt_counts;
EDGEML_FAKE_API void edgeml_fake_tensorrt_count(edgeml_fake_tensorrt_counts *out);

/* From the parser's double to the network's. */
EDGEML_FAKE_API void edgeml_fake_tensorrt_set_model(void *network, const void *onnx, size_t bytes, char *error,
                                                    size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
