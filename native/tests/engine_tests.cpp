// Engines and outputs: shapes, shared weights, refusals.
#include "check.h"

#include <algorithm>
#include <cstring>

using test::load;
using test::make;
using test::read_model;

namespace {

void shapes_are_told() {
    edgeml_context *context = test::make_context();
    edgeml_engine *engine = load(context, "fused");
    auto info = make<edgeml_engine_info>();
    EXPECT_STATUS(edgeml_engine_get_info(&info, engine), EDGEML_OK);
    EXPECT(info.inputs == 1 && info.outputs == 2 && info.resident_bytes > 0);
    auto tensor = make<edgeml_tensor_info>();
    EXPECT_STATUS(edgeml_engine_get_input(&tensor, engine, 0), EDGEML_OK);
    EXPECT(std::string(tensor.name) == "x" && tensor.name_bytes == 1 && tensor.dtype == EDGEML_DTYPE_F32);
    EXPECT(tensor.rank == 2 && tensor.dims[0] == 1 && tensor.dims[1] == 8 && tensor.bytes == 32);
    EXPECT_STATUS(edgeml_engine_get_output(&tensor, engine, 1), EDGEML_OK);
    EXPECT(std::string(tensor.name) == "exit1" && tensor.bytes == 12);
    EXPECT_STATUS(edgeml_engine_get_output(&tensor, engine, 2), EDGEML_E_INVALID_ARGUMENT);
    edgeml_engine_destroy(engine);

    engine = load(context, "symbolic"); // an unknown batch counts as 1
    EXPECT_STATUS(edgeml_engine_get_output(&tensor, engine, 0), EDGEML_OK);
    EXPECT(tensor.dims[0] == 1 && tensor.dims[1] == 8 && tensor.bytes == 32);
    edgeml_engine_destroy(engine);

    engine = load(context, "dynamic"); // NonZero of zeros finds nothing
    EXPECT_STATUS(edgeml_engine_get_output(&tensor, engine, 0), EDGEML_OK);
    EXPECT(tensor.dtype == EDGEML_DTYPE_I64 && tensor.rank == 2 && tensor.dims[1] == 0 && tensor.bytes == 0);
    edgeml_engine_destroy(engine);
    edgeml_context_destroy(context);
}

void outputs_tell_what_came_out() {
    edgeml_context *context = test::make_context();
    edgeml_engine *engine = load(context, "fused");
    const float x[8] = {0, 3, -1, 0, 0, 0, 0, 0};
    const void *inputs[] = {x};
    std::uint64_t bytes[] = {sizeof x};
    edgeml_outputs *outputs = nullptr;
    EXPECT_STATUS(edgeml_outputs_create(&outputs, engine, inputs, bytes, 1), EDGEML_OK);
    auto tensor = make<edgeml_tensor_info>();
    const void *out = nullptr;
    EXPECT_STATUS(edgeml_outputs_get(&tensor, &out, outputs, 1), EDGEML_OK);
    const float expected[] = {0, 6, 0};
    EXPECT(tensor.bytes == sizeof expected && out != nullptr && std::memcmp(out, expected, sizeof expected) == 0);
    EXPECT_STATUS(edgeml_outputs_get(&tensor, nullptr, outputs, 2), EDGEML_E_INVALID_ARGUMENT);
    edgeml_engine_destroy(engine); // outputs do not need their engine
    EXPECT_STATUS(edgeml_outputs_get(&tensor, &out, outputs, 0), EDGEML_OK);
    edgeml_outputs_destroy(outputs);

    engine = load(context, "two_inputs");
    EXPECT_STATUS(edgeml_outputs_create(&outputs, engine, inputs, bytes, 1), EDGEML_E_INVALID_ARGUMENT);
    const void *both[] = {x, nullptr}; // null means zeros
    std::uint64_t both_bytes[] = {sizeof x, 0};
    EXPECT_STATUS(edgeml_outputs_create(&outputs, engine, both, both_bytes, 2), EDGEML_OK);
    EXPECT_STATUS(edgeml_outputs_get(&tensor, &out, outputs, 0), EDGEML_OK);
    EXPECT(std::memcmp(out, x, sizeof x) == 0);
    edgeml_outputs_destroy(outputs);
    both_bytes[0] = 4;
    EXPECT_STATUS(edgeml_outputs_create(&outputs, engine, both, both_bytes, 2), EDGEML_E_MISMATCH);
    edgeml_engine_destroy(engine);

    engine = load(context, "dynamic");
    EXPECT_STATUS(edgeml_outputs_create(&outputs, engine, inputs, bytes, 1), EDGEML_OK);
    EXPECT_STATUS(edgeml_outputs_get(&tensor, &out, outputs, 0), EDGEML_OK);
    EXPECT(tensor.dims[0] == 2 && tensor.dims[1] == 2 && tensor.bytes == 32);
    edgeml_outputs_destroy(outputs);
    edgeml_engine_destroy(engine);
    edgeml_context_destroy(context);
}

// The values make_models.py writes.
std::vector<float> values(std::uint64_t seed, std::size_t count, float plus = 0) {
    std::vector<float> made(count);
    for (std::size_t i = 0; i < count; ++i)
        made[i] = static_cast<float>(
                      double(((i + 1) * 2654435761u + seed * 40503u) % (std::uint64_t{1} << 32)) / 4294967296.0 - 0.5) +
                  plus;
    return made;
}

std::vector<float> answer(const edgeml_engine *engine) {
    std::vector<float> image = values(42, 3 * 8 * 8);
    const void *inputs[] = {image.data()};
    std::uint64_t bytes[] = {image.size() * sizeof(float)};
    edgeml_outputs *outputs = nullptr;
    REQUIRE(edgeml_outputs_create(&outputs, engine, inputs, bytes, 1));
    auto tensor = make<edgeml_tensor_info>();
    const void *out = nullptr;
    REQUIRE(edgeml_outputs_get(&tensor, &out, outputs, 0));
    const float *logits = static_cast<const float *>(out);
    std::vector<float> result(logits, logits + tensor.bytes / sizeof(float));
    edgeml_outputs_destroy(outputs);
    return result;
}

// Optimizers fold, rename and repack shared tensors; none of it may show in the answer or in the tensors themselves.
// Programs written for ABI 1.6 compile, link and get the same.
void old_names_of_outputs_do_the_same() {
    edgeml_context *context = test::make_context();
    edgeml_engine *engine = load(context, "fused");
    const float x[8] = {0, 3, -1, 0, 0, 0, 0, 0};
    const void *inputs[] = {x};
    std::uint64_t bytes[] = {sizeof x};
    edgeml_probe *probe = nullptr;
    REQUIRE(edgeml_probe_create(&probe, engine, inputs, bytes, 1));
    auto old_info = make<edgeml_tensor_info>(), info = make<edgeml_tensor_info>();
    const void *old_data = nullptr, *data = nullptr;
    EXPECT_STATUS(edgeml_probe_get_output(&old_info, &old_data, probe, 1), EDGEML_OK);
    EXPECT_STATUS(edgeml_outputs_get(&info, &data, probe, 1), EDGEML_OK);
    EXPECT(old_data == data && old_info.bytes == info.bytes);
    EXPECT_STATUS(edgeml_probe_get_output(&old_info, &old_data, probe, 2), EDGEML_E_INVALID_ARGUMENT);
    const std::uint64_t alive = edgeml_live_objects();
    edgeml_probe_destroy(probe);
    edgeml_probe_destroy(nullptr);
    EXPECT(edgeml_live_objects() == alive - 1);
    edgeml_engine_destroy(engine);
    edgeml_context_destroy(context);
}

void shared_weights_answer_like_inline_ones() {
    edgeml_context *context = test::make_context();
    edgeml_weights *set = nullptr;
    REQUIRE(edgeml_weights_create(&set, context, nullptr, nullptr));
    std::vector<std::vector<float>> tensors;
    std::vector<std::string> names;
    std::vector<std::vector<std::int64_t>> shapes;
    std::int64_t channels = 3;
    for (std::uint64_t i = 0; i < 2; ++i) {
        const char *kinds[] = {"conv", "scale", "shift", "mean", "variance"};
        for (std::uint64_t k = 0; k < 5; ++k) {
            std::size_t count = k == 0 ? static_cast<std::size_t>(16 * channels * 9) : 16;
            tensors.push_back(values(5 * i + k, count, k == 4 ? 1.0f : 0.0f));
            names.push_back(kinds[k] + std::to_string(i));
            shapes.push_back(k == 0 ? std::vector<std::int64_t>{16, channels, 3, 3} : std::vector<std::int64_t>{16});
        }
        channels = 16;
    }
    tensors.push_back(values(10, 160));
    tensors.push_back(values(11, 10));
    names.insert(names.end(), {"gemm", "bias"});
    shapes.insert(shapes.end(), {{10, 16}, {10}});
    for (std::size_t i = 0; i < tensors.size(); ++i)
        REQUIRE(edgeml_weights_add(set, names[i].c_str(), EDGEML_DTYPE_F32, shapes[i].data(),
                                   static_cast<std::uint32_t>(shapes[i].size()), tensors[i].data(),
                                   tensors[i].size() * 4));
    std::vector<std::vector<float>> before = tensors;

    std::vector<edgeml_engine *> engines;
    for (std::uint32_t level :
         {EDGEML_OPTIMIZE_NONE, EDGEML_OPTIMIZE_BASIC, EDGEML_OPTIMIZE_EXTENDED, EDGEML_OPTIMIZE_ALL}) {
        edgeml_engine *plain = nullptr;
        REQUIRE(load(&plain, context, read_model("conv"), nullptr, level));
        std::vector<float> expected = answer(plain);
        edgeml_engine_destroy(plain);
        for (int copy = 0; copy < 2; ++copy) { // the second one finds the tensors already packed
            engines.push_back(nullptr);
            REQUIRE(load(&engines.back(), context, read_model("conv_shared"), set, level));
            std::vector<float> got = answer(engines.back());
            EXPECT(got.size() == 10 && expected.size() == 10);
            for (std::size_t i = 0; i < got.size(); ++i)
                EXPECT_NEAR(got[i], expected[i], 1e-5);
        }
    }
    EXPECT(tensors == before);
    edgeml_weights_destroy(set);
    edgeml_context_destroy(context);
    EXPECT(answer(engines[0]).size() == 10); // weights and context live on with their engines
    for (edgeml_engine *engine : engines)
        edgeml_engine_destroy(engine);
}

void bad_models_are_refused() {
    edgeml_context *context = test::make_context();
    edgeml_engine *engine = nullptr;
    EXPECT_STATUS(load(&engine, context, {'n', 'o', ' ', 'o', 'n', 'n', 'x'}), EDGEML_E_MODEL_REJECTED);
    EXPECT_STATUS(load(&engine, context, read_model("unknown")), EDGEML_E_UNSUPPORTED);
    load(&engine, context, read_model("unknown"));
    EXPECT(test::last_error() == "dimension 1 of input x is unknown");
    EXPECT_STATUS(load(&engine, context, read_model("unit_shared")), EDGEML_E_MODEL_REJECTED);
    edgeml_weights *set = nullptr;
    REQUIRE(edgeml_weights_create(&set, context, nullptr, nullptr));
    EXPECT_STATUS(load(&engine, context, read_model("unit_shared"), set), EDGEML_E_MODEL_REJECTED);
    load(&engine, context, read_model("unit_shared"), set);
    EXPECT(test::last_error().find("tensor w ") != std::string::npos);
    EXPECT_STATUS(load(&engine, context, read_model("unit"), nullptr, 9), EDGEML_E_INVALID_ARGUMENT);
    EXPECT(engine == nullptr);

    // Cut anywhere, a model is refused or understood; nothing else happens.
    std::vector<char> whole = read_model("unit_shared");
    const std::int64_t dims[] = {8, 8};
    std::vector<float> w(64);
    REQUIRE(edgeml_weights_add(set, "w", EDGEML_DTYPE_F32, dims, 2, w.data(), 256));
    for (std::size_t length = 1; length < whole.size(); ++length)
        if (load(&engine, context,
                 std::vector<char>(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)),
                 set) == EDGEML_OK)
            edgeml_engine_destroy(engine);

    // Weights of another shape than the model says.
    edgeml_weights *wrong = nullptr;
    REQUIRE(edgeml_weights_create(&wrong, context, nullptr, nullptr));
    const std::int64_t other[] = {4, 16};
    REQUIRE(edgeml_weights_add(wrong, "w", EDGEML_DTYPE_F32, other, 2, w.data(), 256));
    EXPECT_STATUS(load(&engine, context, whole, wrong), EDGEML_E_MODEL_REJECTED);
    edgeml_weights_destroy(wrong);
    edgeml_weights_destroy(set);
    edgeml_context_destroy(context);
}

} // namespace

int main() {
    shapes_are_told();
    outputs_tell_what_came_out();
    old_names_of_outputs_do_the_same();
    shared_weights_answer_like_inline_ones();
    bad_models_are_refused();
    return test::finish("engine_tests");
}
