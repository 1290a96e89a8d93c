// One thread for each element of a layer's output.
#include "layers.h"

using namespace bench;

#define GLOBAL extern "C" __attribute__((global))

namespace {

__attribute__((device)) inline std::int32_t this_output() {
    return static_cast<std::int32_t>(__nvvm_read_ptx_sreg_ctaid_x() * __nvvm_read_ptx_sreg_ntid_x() +
                                     __nvvm_read_ptx_sreg_tid_x());
}

template <class T> __attribute__((device)) inline T *at(std::uint64_t address) {
    return reinterpret_cast<T *>(address);
}

} // namespace

GLOBAL void edgeml_conv(ConvArguments a) {
    std::int32_t index = this_output();
    if (index < outputs_of(a))
        at<float>(a.out)[index] =
            output_at(a, at<const float>(a.in), at<const float>(a.weights), at<const float>(a.bias), index);
}

GLOBAL void edgeml_pool(PoolArguments a) {
    std::int32_t index = this_output();
    if (index < outputs_of(a))
        at<float>(a.out)[index] = output_at(a, at<const float>(a.in), index);
}

GLOBAL void edgeml_scale(ScaleArguments a) {
    std::int32_t index = this_output();
    if (index < outputs_of(a))
        at<float>(a.out)[index] = output_at(a, at<const float>(a.in), index);
}
