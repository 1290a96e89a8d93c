/* What the test double of the CUDA driver offers beside the driver's own symbols. It is a library for
 * EDGEML_CUDA_DRIVER; a test that also links to it, or looks these up with dlsym, works with the same instance.
 *
 * Device pointers carry a bit that no address of the host has, so host code that follows one crashes, as on a GPU. */
#ifndef EDGEML_FAKE_CUDA_H
#define EDGEML_FAKE_CUDA_H

#include <stddef.h>
#include <stdint.h>

#define EDGEML_FAKE_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

struct CUstream_st;
typedef void (*edgeml_fake_kernel_fn)(void *user);

/* Enqueues a function as if it were a kernel: in order on the stream, recorded as a kernel node while the stream
 * captures, allowed in conditional bodies. `user` must live as long as anything may launch it. Returns a CUresult. */
EDGEML_FAKE_API int edgeml_fake_cuda_launch(struct CUstream_st *stream, edgeml_fake_kernel_fn kernel, void *user);

/* The host address behind a device pointer; null unless `bytes` from there lie in one live allocation. For kernels. */
EDGEML_FAKE_API void *edgeml_fake_cuda_host(uint64_t device_pointer, size_t bytes);

/* Faults by name, process-wide; "" clears all. The environment variable EDGEML_FAKE_CUDA holds the same text.
 *   no_device           cuDeviceGetCount says 0
 *   version=11040       cuDriverGetVersion; below 12030 the conditional entries fail
 *   memory=1000000      bytes of device memory, then CUDA_ERROR_OUT_OF_MEMORY
 *   pinned=1000000      bytes of pinned memory, the same
 *   no_capture          launches during a capture invalidate it
 *   no_conditional      conditional handles and nodes are refused
 *   no_instantiate      graphs are refused when they are instantiated
 *   bad_ptx             modules are refused
 *   lost=5              the fifth kernel from now on fails, and everything after it, until edgeml_fake_cuda_revive
 *   stuck=5             the fifth kernel from now on does not end before faults are set again
 *   slow_us=1000        every kernel takes this much longer
 *   interpret           kernels of the exit modules run from their PTX text, slowly, instead of by name
 *   capability=61       of the device, 8.6 otherwise
 *   integrated          a Jetson: integrated, capability 8.7
 * Several are separated by commas. Returns 0, or -1 for a text that it does not understand. */
EDGEML_FAKE_API int edgeml_fake_cuda_faults(const char *text);
EDGEML_FAKE_API void edgeml_fake_cuda_revive(void);

/* Objects and bytes that are alive; kernels, launches and node evaluations since the start. Fields only grow. */
typedef struct edgeml_fake_cuda_counts {
    uint64_t contexts, streams, events, modules, graphs, execs;
    uint64_t device_bytes, pinned_bytes;
    uint64_t kernels, graph_launches, conditions, copies;
    uint64_t interpreted; /* kernels that ran from their text */
} edgeml_fake_cuda_counts;
EDGEML_FAKE_API void edgeml_fake_cuda_count(edgeml_fake_cuda_counts *out);

#ifdef __cplusplus
}
#endif
#endif
