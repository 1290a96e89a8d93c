#include "weights.h"

#include "status.h"
#include "versioned.h"

using namespace edgeml;

extern "C" {

edgeml_status edgeml_weights_create(edgeml_weights **out_weights, edgeml_context *context, edgeml_released_fn released,
                                    void *user) {
    return guarded([&] {
        require(out_weights, "out_weights");
        *out_weights = nullptr;
        require(context, "context");
        *out_weights = new edgeml_weights(context, released, user);
    });
}

edgeml_status edgeml_weights_add(edgeml_weights *weights, const char *name, uint32_t dtype, const int64_t *dims,
                                 uint32_t rank, const void *data, uint64_t bytes) {
    return guarded([&] {
        require(weights, "weights");
        require(name, "name");
        if (dtype_bytes(dtype) == 0)
            reject(std::string("tensor ") + name + " has the unknown type " + std::to_string(dtype));
        if (rank > EDGEML_MAX_RANK)
            reject(std::string("tensor ") + name + " has rank " + std::to_string(rank) + ", at most 8 are supported");
        if (rank > 0)
            require(dims, "dims");
        TensorInfo tensor{name, dtype, std::vector<std::int64_t>(dims, dims + rank), 0};
        tensor.bytes = tensor_bytes(tensor.dims, dtype, tensor.name);
        if (tensor.bytes != bytes)
            reject("tensor " + tensor.name + " is given " + std::to_string(bytes) + " bytes but is " +
                   describe(tensor));
        if (bytes > 0)
            require(data, "data");
        weights->set->add(tensor, data);
    });
}

edgeml_status edgeml_weights_get_info(edgeml_weights_info *out_info, const edgeml_weights *weights) {
    return guarded([&] {
        std::uint32_t size = out_struct_size(out_info, sizeof(edgeml_weights_info), "out_info");
        require(weights, "weights");
        edgeml_weights_info info{};
        info.copied_bytes = weights->set->copied_bytes();
        write_struct(out_info, info, size);
    });
}

void edgeml_weights_destroy(edgeml_weights *weights) {
    release(weights);
}
}
