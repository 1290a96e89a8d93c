// What gpu_bench carries: its reading of the shipped model against ONNX Runtime, and the text of its layers' kernels
// against their source.
#include "double.h"
#include "groups.h"

#include "pictures.h"
#include "shipped_chain.h"

#include <cmath>
#include <cstring>

namespace test {

using namespace edgeml::cuda;

namespace {

void the_host_answers_like_onnx_runtime() {
    const bench::ShippedModel model;
    EXPECT(model.heads.size() == 3 && model.classes == 10 && model.units.size() == 11);
    edgeml_context *context = make_context();
    auto bytes = bench::shipped_file();
    const auto *begin = reinterpret_cast<const char *>(bytes.data());
    edgeml_engine *engine = nullptr;
    REQUIRE(load(&engine, context, std::vector<char>(begin, begin + bytes.size())));
    double worst = 0;
    std::vector<int> taken(model.heads.size() + 1);
    const std::vector<std::vector<float>> images = bench::pictures(model, 0, 8);
    const std::vector<float> halving = model.halving_thresholds(images);
    for (const std::vector<float> &image : images) {
        const void *inputs[] = {image.data()};
        const std::uint64_t input_bytes[] = {image.size() * sizeof(float)};
        edgeml_outputs *outputs = nullptr;
        REQUIRE(edgeml_outputs_create(&outputs, engine, inputs, input_bytes, 1));
        std::vector<Decision> decisions;
        for (std::uint32_t exit = 1; exit <= model.heads.size() + 1; ++exit) {
            auto info = make<edgeml_tensor_info>();
            const void *output = nullptr;
            REQUIRE(edgeml_outputs_get(&info, &output, outputs, exit - 1));
            const auto *logits = static_cast<const float *>(output);
            decisions.push_back(decide(logits, model.classes));
            std::vector<float> thresholds(model.heads.size());
            if (exit <= thresholds.size())
                thresholds[exit - 1] = 2; // this exit alone, always
            bench::HostAnswer answer = model.answer(image, thresholds);
            EXPECT(answer.exit == exit);
            for (std::size_t i = 0; i < answer.logits.size(); ++i)
                worst = std::max(worst, std::fabs(double(answer.logits[i]) - double(logits[i])));
        }
        std::uint32_t exit = 1;
        while (exit <= model.heads.size() && !takes_exit(decisions[exit - 1].entropy, halving[exit - 1]))
            ++exit;
        bench::HostAnswer answer = model.answer(image, halving);
        EXPECT(answer.exit == exit && answer.decision.label == decisions[exit - 1].label);
        EXPECT_NEAR(answer.decision.entropy, decisions[exit - 1].entropy, 1e-5);
        ++taken[exit - 1];
        edgeml_outputs_destroy(outputs);
    }
    edgeml_engine_destroy(engine);
    edgeml_context_destroy(context);
    EXPECT(worst <= 1e-4 && taken[0] > 0 && taken[3] > 0);
    std::printf("shipped model: logits within %.2g of ONNX Runtime's, exits taken %d %d %d %d\n", worst, taken[0],
                taken[1], taken[2], taken[3]);
}

// A unit and a head of every kind of layer, small enough for a text to be run.
bench::Piece small_piece() {
    bench::Layer scale{}, conv{}, most{}, mean{}, dense{};
    scale.kind = bench::Layer::Kind::scale;
    scale.scale = {0, 0, 3 * 9 * 8, 0.4f, 2.5f, 0};
    conv.kind = bench::Layer::Kind::conv;
    conv.conv = {0, 0, 0, 0, 3, 9, 8, 5, 9, 8, 3, 1, 1, 1};
    most.kind = mean.kind = bench::Layer::Kind::pool;
    most.pool = {0, 0, 5, 9, 8, 4, 4, 2, 2, 2, 0, 0};
    mean.pool = {0, 0, 5, 4, 4, 2, 1, 3, 4, 1, 1, 0};
    dense.kind = bench::Layer::Kind::conv;
    dense.conv = {0, 0, 0, 0, 10, 1, 1, 7, 1, 1, 1, 0, 1, 0};
    std::mt19937 random(20261121);
    std::uniform_real_distribution<float> uniform(-1, 1);
    for (bench::Layer *layer : {&conv, &dense}) {
        const bench::ConvArguments &a = layer->conv;
        layer->bias.resize(static_cast<std::size_t>(a.out_channels));
        layer->weights.resize(static_cast<std::size_t>(a.out_channels * a.in_channels * a.kernel * a.kernel));
        for (std::vector<float> *values : {&layer->weights, &layer->bias})
            for (float &value : *values)
                value = uniform(random);
    }
    bench::Piece piece;
    piece.layers = {scale, conv, most, mean, dense};
    piece.inputs = 3 * 9 * 8;
    piece.outputs = 7;
    return piece;
}

void layers_run_as_their_source_says(bool interpreted) {
    faults(interpreted ? "interpret" : "");
    {
        auto device = fake_device();
        Current current(*device);
        const bench::Piece piece = small_piece();
        std::uint64_t before = counts().interpreted;
        Stream stream = make_stream(device);
        const bench::PieceNetwork network(device, bench::layer_kernels(device), piece, stream.get());
        std::mt19937 random(7);
        std::uniform_real_distribution<float> uniform(0, 1);
        std::vector<float> input(static_cast<std::size_t>(piece.inputs));
        for (float &value : input)
            value = uniform(random);
        const void *inputs[] = {input.data()};
        std::unique_ptr<Outputs> outputs = network.run_once(inputs);
        std::vector<float> expected = piece.run(input);
        EXPECT(std::memcmp(outputs->entries()[0].data, expected.data(), expected.size() * sizeof(float)) == 0);
        EXPECT((counts().interpreted - before) == (interpreted ? piece.layers.size() : 0));
    }
    faults("");
}

} // namespace

void shipped_tests() {
    the_host_answers_like_onnx_runtime();
    layers_run_as_their_source_says(false);
    layers_run_as_their_source_says(true);
}

} // namespace test
