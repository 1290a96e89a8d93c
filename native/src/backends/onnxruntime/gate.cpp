#include "gate.h"

#include <cstring>
#include <mutex>

namespace edgeml::ort {

namespace {

constexpr int type_float = 1;
constexpr int type_int64 = 7;
enum Input : std::size_t { trunk, logits, state, input_count };

// ONNX Runtime's OrtCustomOp as of version 18, by position like its function table.
struct CustomOp {
    std::uint32_t version;
    void *(EDGEML_ORT_CALL *create_kernel)(const CustomOp *, const void *api, const OrtKernelInfo *);
    const char *(EDGEML_ORT_CALL *name)(const CustomOp *);
    const char *(EDGEML_ORT_CALL *execution_provider)(const CustomOp *);
    int(EDGEML_ORT_CALL *input_type)(const CustomOp *, std::size_t);
    std::size_t(EDGEML_ORT_CALL *inputs)(const CustomOp *);
    int(EDGEML_ORT_CALL *output_type)(const CustomOp *, std::size_t);
    std::size_t(EDGEML_ORT_CALL *outputs)(const CustomOp *);
    void(EDGEML_ORT_CALL *compute_v1)(void *kernel, OrtKernelContext *);
    void(EDGEML_ORT_CALL *destroy)(void *kernel);
    int(EDGEML_ORT_CALL *input_kind)(const CustomOp *, std::size_t);
    int(EDGEML_ORT_CALL *output_kind)(const CustomOp *, std::size_t);
    int(EDGEML_ORT_CALL *input_memory)(const CustomOp *, std::size_t);
    int(EDGEML_ORT_CALL *least_variadic_inputs)(const CustomOp *);
    int(EDGEML_ORT_CALL *variadic_inputs_alike)(const CustomOp *);
    int(EDGEML_ORT_CALL *least_variadic_outputs)(const CustomOp *);
    int(EDGEML_ORT_CALL *variadic_outputs_alike)(const CustomOp *);
    OrtStatus *(EDGEML_ORT_CALL *create)(const CustomOp *, const void *api, const OrtKernelInfo *, void **kernel);
    OrtStatus *(EDGEML_ORT_CALL *compute)(void *kernel, OrtKernelContext *);
    OrtStatus *(EDGEML_ORT_CALL *infer_shapes)(const CustomOp *, void *);
    int(EDGEML_ORT_CALL *first_version)(const CustomOp *);
    int(EDGEML_ORT_CALL *last_version)(const CustomOp *);
    std::size_t(EDGEML_ORT_CALL *may_reuse)(int **inputs, int **outputs);
    void(EDGEML_ORT_CALL *release_may_reuse)(int *inputs, int *outputs);
    std::size_t(EDGEML_ORT_CALL *same_memory)(int **inputs, int **outputs);
    void(EDGEML_ORT_CALL *release_same_memory)(int *inputs, int *outputs);
};

struct GateOp : CustomOp {
    const Api *api;
};

// One node of one session; many threads may run it at once.
class Gate {
  public:
    Gate(const Api &api, std::int64_t exit) : api_(api), exit_(static_cast<std::uint32_t>(exit)) {}

    OrtStatus *compute(OrtKernelContext *context) {
        const OrtValue *values[input_count] = {};
        void *data[input_count] = {};
        for (std::size_t i = 0; i < input_count; ++i) {
            if (OrtStatus *failed = api_.KernelContext_GetInput(context, i, &values[i]))
                return failed;
            if (OrtStatus *failed = api_.GetTensorMutableData(const_cast<OrtValue *>(values[i]), &data[i]))
                return failed;
        }
        if (OrtStatus *failed = read_shape(values[trunk]))
            return failed;
        OrtValue *output = nullptr;
        void *passed = nullptr;
        if (OrtStatus *failed = api_.KernelContext_GetOutput(context, 0, dims_.data(), dims_.size(), &output))
            return failed;
        if (OrtStatus *failed = api_.GetTensorMutableData(output, &passed))
            return failed;
        if (passed != data[trunk])
            std::memcpy(passed, data[trunk], bytes_);

        std::int64_t address = 0;
        std::memcpy(&address, data[state], sizeof address);
        GateState *run = reinterpret_cast<GateState *>(static_cast<std::intptr_t>(address));
        if (run == nullptr || run->keeper == nullptr || run->keeper->pass(exit_, static_cast<float *>(data[logits])))
            return nullptr;
        run->closed = true;
        return api_.RunOptionsSetTerminate(run->options);
    }

  private:
    // The batch is 1 and so the shape the same every time; asking for it allocates.
    OrtStatus *read_shape(const OrtValue *value) {
        OrtStatus *failed = nullptr;
        std::call_once(shape_known_, [&] {
            Owned<OrtTensorTypeAndShapeInfo> shape(api_.ReleaseTensorTypeAndShapeInfo);
            std::size_t rank = 0;
            if ((failed = api_.GetTensorTypeAndShape(value, shape.out())) != nullptr ||
                (failed = api_.GetDimensionsCount(shape.get(), &rank)) != nullptr)
                return;
            dims_.resize(rank);
            failed = api_.GetDimensions(shape.get(), dims_.data(), rank);
            bytes_ = sizeof(float);
            for (std::int64_t dim : dims_)
                bytes_ *= static_cast<std::size_t>(dim);
        });
        return failed;
    }

    const Api &api_;
    const std::uint32_t exit_;
    std::once_flag shape_known_;
    std::vector<std::int64_t> dims_;
    std::size_t bytes_ = 0;
};

OrtStatus *EDGEML_ORT_CALL create(const CustomOp *op, const void *, const OrtKernelInfo *info, void **kernel) {
    const Api &api = *static_cast<const GateOp *>(op)->api;
    std::int64_t exit = 0;
    OrtStatus *failed = api.KernelInfoGetAttribute_int64(info, "exit", &exit);
    *kernel = failed == nullptr ? new Gate(api, exit) : nullptr;
    return failed;
}

OrtStatus *EDGEML_ORT_CALL compute(void *kernel, OrtKernelContext *context) {
    return static_cast<Gate *>(kernel)->compute(context);
}

template <int value> int EDGEML_ORT_CALL always(const CustomOp *) {
    return value;
}

template <int value> int EDGEML_ORT_CALL always_at(const CustomOp *, std::size_t) {
    return value;
}

GateOp make_op(const Api &api) {
    GateOp op{};
    op.version = required_api_version;
    op.api = &api;
    op.name = [](const CustomOp *) { return "Gate"; };
    op.execution_provider = [](const CustomOp *) -> const char * { return nullptr; };
    op.inputs = [](const CustomOp *) { return std::size_t{input_count}; };
    op.input_type = [](const CustomOp *, std::size_t index) { return index == state ? type_int64 : type_float; };
    op.outputs = [](const CustomOp *) { return std::size_t{1}; };
    op.output_type = always_at<type_float>;
    op.input_kind = op.output_kind = op.input_memory = always_at<0>; // required, in plain memory
    op.least_variadic_inputs = op.least_variadic_outputs = always<1>;
    op.variadic_inputs_alike = op.variadic_outputs_alike = always<1>;
    op.create = create;
    op.compute = compute;
    op.destroy = [](void *kernel) { delete static_cast<Gate *>(kernel); };
    op.first_version = always<1>;
    op.last_version = always<1>;
    op.may_reuse = [](int **, int **) { return std::size_t{0}; };
    op.release_may_reuse = [](int *, int *) {};
    op.same_memory = [](int **inputs, int **outputs) {
        static int first = trunk;
        *inputs = *outputs = &first;
        return std::size_t{1};
    };
    op.release_same_memory = [](int *, int *) {};
    return op;
}

} // namespace

struct GateDomain::Op {
    GateOp op;
};

GateDomain::GateDomain(const Runtime &runtime)
    : op_(std::make_unique<Op>(Op{make_op(runtime.api)})), domain_(runtime.api.ReleaseCustomOpDomain) {
    runtime.check(runtime.api.CreateCustomOpDomain(gate_domain, domain_.out()));
    runtime.check(runtime.api.CustomOpDomain_Add(domain_.get(), reinterpret_cast<const OrtCustomOp *>(&op_->op)));
}

GateDomain::~GateDomain() = default;

} // namespace edgeml::ort
