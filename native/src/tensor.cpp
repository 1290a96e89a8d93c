#include "tensor.h"

#include "status.h"
#include "versioned.h"

#include <algorithm>
#include <cstring>

namespace edgeml {

namespace {
struct Dtype {
    std::uint32_t bytes;
    const char *name;
};
constexpr Dtype dtypes[] = {{0, "other"}, {4, "f32"}, {2, "f16"},  {2, "bf16"}, {1, "i8"},  {1, "u8"},  {4, "i32"},
                            {8, "i64"},   {8, "f64"}, {1, "bool"}, {2, "i16"},  {2, "u16"}, {4, "u32"}, {8, "u64"}};
const Dtype &lookup(std::uint32_t dtype) noexcept {
    return dtypes[dtype < std::size(dtypes) ? dtype : 0];
}
} // namespace

std::uint32_t dtype_bytes(std::uint32_t dtype) noexcept {
    return lookup(dtype).bytes;
}
const char *dtype_name(std::uint32_t dtype) noexcept {
    return lookup(dtype).name;
}

std::uint64_t tensor_bytes(std::span<const std::int64_t> dims, std::uint32_t dtype, const std::string &name) {
    std::uint64_t bytes = dtype_bytes(dtype);
    bool empty = std::find(dims.begin(), dims.end(), 0) != dims.end();
    for (std::int64_t dim : dims) {
        if (dim < 0)
            reject("tensor " + name + " has the negative dimension " + std::to_string(dim));
        if (empty || bytes == 0)
            continue;
        if (static_cast<std::uint64_t>(dim) > EDGEML_MAX_BUFFER_BYTES / bytes)
            reject("tensor " + name + " exceeds the limit of " + std::to_string(EDGEML_MAX_BUFFER_BYTES) + " bytes");
        bytes *= static_cast<std::uint64_t>(dim);
    }
    return empty ? 0 : bytes;
}

std::string describe(const TensorInfo &tensor) {
    std::string text = dtype_name(tensor.dtype);
    for (std::size_t i = 0; i < tensor.dims.size(); ++i) {
        text += i == 0 ? ' ' : 'x';
        text += std::to_string(tensor.dims[i]);
    }
    return text + " (" + std::to_string(tensor.bytes) + " bytes)";
}

void write_tensor_info(edgeml_tensor_info *out, const TensorInfo &tensor) {
    std::uint32_t size = out_struct_size(out, sizeof(edgeml_tensor_info), "out_info");
    edgeml_tensor_info info{};
    info.dtype = tensor.dtype;
    info.rank = static_cast<std::uint32_t>(tensor.dims.size());
    info.name_bytes = static_cast<std::uint32_t>(tensor.name.size());
    info.bytes = tensor.bytes;
    if (tensor.dims.size() <= EDGEML_MAX_RANK)
        std::copy(tensor.dims.begin(), tensor.dims.end(), info.dims);
    std::memcpy(info.name, tensor.name.data(), std::min(tensor.name.size(), sizeof info.name - 1));
    write_struct(out, info, size);
}

} // namespace edgeml
