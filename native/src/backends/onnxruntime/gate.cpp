#include "gate.h"

#include <cstring>
#include <mutex>

namespace edgeml::ort {

namespace {

enum Input : std::size_t { trunk, logits, state, input_count };

struct GateOp : OrtCustomOp {
    const OrtApi *api;
};

// One node of one session; many threads may run it at once.
class Gate {
  public:
    Gate(const OrtApi &api, std::int64_t exit) : api_(api), exit_(static_cast<std::uint32_t>(exit)) {}

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

    const OrtApi &api_;
    const std::uint32_t exit_;
    std::once_flag shape_known_;
    std::vector<std::int64_t> dims_;
    std::size_t bytes_ = 0;
};

OrtStatus *ORT_API_CALL create(const OrtCustomOp *op, const OrtApi *, const OrtKernelInfo *info, void **kernel) {
    const OrtApi &api = *static_cast<const GateOp *>(op)->api;
    std::int64_t exit = 0;
    OrtStatus *failed = api.KernelInfoGetAttribute_int64(info, "exit", &exit);
    *kernel = failed == nullptr ? new Gate(api, exit) : nullptr;
    return failed;
}

OrtStatus *ORT_API_CALL compute(void *kernel, OrtKernelContext *context) {
    return static_cast<Gate *>(kernel)->compute(context);
}

template <int value> int ORT_API_CALL always(const OrtCustomOp *) {
    return value;
}

template <class T, T value> T ORT_API_CALL always_at(const OrtCustomOp *, std::size_t) {
    return value;
}

GateOp make_op(const OrtApi &api) {
    GateOp op{};
    op.version = required_api_version;
    op.api = &api;
    op.GetName = [](const OrtCustomOp *) { return "Gate"; };
    op.GetExecutionProviderType = [](const OrtCustomOp *) -> const char * { return nullptr; };
    op.GetInputTypeCount = [](const OrtCustomOp *) { return std::size_t{input_count}; };
    op.GetInputType = [](const OrtCustomOp *, std::size_t index) {
        return index == state ? ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64 : ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT;
    };
    op.GetOutputTypeCount = [](const OrtCustomOp *) { return std::size_t{1}; };
    op.GetOutputType = always_at<ONNXTensorElementDataType, ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT>;
    op.GetInputCharacteristic = op.GetOutputCharacteristic =
        always_at<OrtCustomOpInputOutputCharacteristic, INPUT_OUTPUT_REQUIRED>;
    op.GetInputMemoryType = always_at<OrtMemType, OrtMemTypeDefault>;
    op.GetVariadicInputMinArity = op.GetVariadicOutputMinArity = always<1>;
    op.GetVariadicInputHomogeneity = op.GetVariadicOutputHomogeneity = always<1>;
    op.CreateKernelV2 = create;
    op.KernelComputeV2 = compute;
    op.KernelDestroy = [](void *kernel) { delete static_cast<Gate *>(kernel); };
    op.GetStartVersion = always<1>;
    op.GetEndVersion = always<1>;
    op.GetMayInplace = [](int **, int **) { return std::size_t{0}; };
    op.ReleaseMayInplace = [](int *, int *) {};
    op.GetAliasMap = [](int **inputs, int **outputs) {
        static int first = trunk;
        *inputs = *outputs = &first;
        return std::size_t{1};
    };
    op.ReleaseAliasMap = [](int *, int *) {};
    return op;
}

} // namespace

struct GateDomain::Op {
    GateOp op;
};

GateDomain::GateDomain(const Runtime &runtime)
    : op_(std::make_unique<Op>(Op{make_op(runtime.api)})), domain_(runtime.api.ReleaseCustomOpDomain) {
    runtime.check(runtime.api.CreateCustomOpDomain(gate_domain, domain_.out()));
    runtime.check(runtime.api.CustomOpDomain_Add(domain_.get(), &op_->op));
}

GateDomain::~GateDomain() = default;

} // namespace edgeml::ort
