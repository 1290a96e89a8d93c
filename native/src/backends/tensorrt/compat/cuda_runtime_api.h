/* Stands in for CUDA's header of this name while TensorRT's headers are compiled: they use nothing of it but these two
 * types. CUDA itself is loaded at run time. */
#ifndef EDGEML_COMPAT_CUDA_RUNTIME_API_H
#define EDGEML_COMPAT_CUDA_RUNTIME_API_H

typedef struct CUstream_st *cudaStream_t;
typedef struct CUevent_st *cudaEvent_t;

#endif
