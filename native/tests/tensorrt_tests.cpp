// The TensorRT backend on the doubles of TensorRT and of the CUDA driver: tensorrt_tests LIBNVINFER. The environment
// names the doubles' places; see CMakeLists.txt.
#include "tensorrt_pipeline.h"

#include <algorithm>
#include <dlfcn.h>
#include <memory>
#include <thread>

using namespace test;

namespace {

void same_as_cpu(std::uint32_t route) {
    Pipeline cpu(test::make_context()), gpu(open_or_exit(nullptr, route));
    const float inputs[][3] = {{1, 2, 3}, {9, 0, 0}, {-1, 0.5f, 0.25f}, {0, 0, 0}, {0, 30, 0}};
    for (const auto &input : inputs)
        for (float threshold : {0.0f, 0.2f, 0.6f, 0.99f, 1.5f})
            for (std::uint32_t stages : {0u, 2u}) {
                for (Pipeline *p : {&cpu, &gpu}) {
                    std::memset(data(p->x), 0, 8 * sizeof(float));
                    std::copy(input, input + 3, data(p->x));
                }
                edgeml_run_result a, b;
                EXPECT_STATUS(cpu.run(a, threshold, stages), EDGEML_OK);
                EXPECT_STATUS(gpu.run(b, threshold, stages), EDGEML_OK);
                EXPECT(b.route == route);
                EXPECT(a.outcome == b.outcome && a.exit_index == b.exit_index && a.label == b.label);
                if (a.outcome == EDGEML_OUTCOME_CUT) {
                    EXPECT(b.cut != nullptr && a.cut_bytes == b.cut_bytes);
                    EXPECT(b.cut != nullptr && std::memcmp(a.cut, b.cut, a.cut_bytes) == 0);
                } else {
                    EXPECT_NEAR(a.entropy, b.entropy, 1e-5);
                    EXPECT(a.logit_count == b.logit_count);
                    EXPECT(std::memcmp(a.logits, b.logits, a.logit_count * sizeof(float)) == 0);
                }
            }
}

void plans_are_kept() {
    Folder folder;
    std::string path = folder.path.string();
    Lines lines;
    { Pipeline first(open_or_exit(path.c_str(), 0, &lines)); }
    EXPECT(folder.files(".plan").size() == 3 && folder.files(".timing").size() == 1 && folder.files(".tmp").empty());
    EXPECT(lines.all > 0 && lines.warnings == 0);
    std::uint64_t builds = counts().builds, warm = counts().warm_timing_caches;
    { Pipeline again(open_or_exit(path.c_str())); }
    EXPECT(counts().builds == builds);

    // Cut short, damaged, of another key: each is built again, with the timing cache.
    std::vector<fs::path> plans = folder.files(".plan");
    fs::resize_file(plans[0], fs::file_size(plans[0]) - 1);
    {
        std::fstream damaged(plans[1], std::ios::in | std::ios::out | std::ios::binary);
        damaged.seekp(-3, std::ios::end);
        damaged.put('?');
    }
    fs::copy_file(plans[0], plans[2], fs::copy_options::overwrite_existing);
    { Pipeline repaired(open_or_exit(path.c_str())); }
    EXPECT(counts().builds == builds + 3 && counts().warm_timing_caches == warm + 3);

    // TensorRT refuses one: built again, with a word about it.
    faults("refuse_plans=1");
    { Pipeline stale(open_or_exit(path.c_str(), 0, &lines)); }
    EXPECT(counts().builds == builds + 4 && lines.warnings == 1);

    // It refuses the new one too: an error, and nothing of it stays.
    edgeml_context *context = open_or_exit(path.c_str());
    faults("refuse_plans=2");
    edgeml_engine *engine = nullptr;
    EXPECT_FAILURE(load(&engine, context, read_model("unit")), EDGEML_E_MODEL_REJECTED, "just built");
    EXPECT_STATUS(load(&engine, context, read_model("unit")), EDGEML_OK);
    edgeml_engine_destroy(engine);
    faults("refuse_plans=2");
    EXPECT_FAILURE(load(&engine, context, read_model("unit")), EDGEML_E_MODEL_REJECTED, "version tag does not match");
    edgeml_context_destroy(context);
    faults("");
    EXPECT(folder.files(".plan").size() == 2);
}

struct Watch {
    std::atomic<int> calls{0};
    int stop_after = 0;
    double last = 0;
    static int32_t take(void *user, double done, const char *phase) {
        auto *watch = static_cast<Watch *>(user);
        EXPECT(done >= watch->last && done <= 1 && phase != nullptr);
        watch->last = done;
        return ++watch->calls == watch->stop_after ? 1 : 0;
    }
};

void builds_are_followed() {
    Folder folder;
    edgeml_context *context = open_or_exit(folder.path.c_str());
    std::vector<char> model = test::read_model("unit");
    auto desc = make<edgeml_engine_desc>();
    desc.model = model.data();
    desc.model_bytes = model.size();
    desc.progress = Watch::take;
    for (int stop_after : {3, 0}) {
        Watch watch;
        watch.stop_after = stop_after;
        desc.progress_user = &watch;
        edgeml_engine *engine = nullptr;
        edgeml_status status = edgeml_engine_create(&engine, context, nullptr, &desc);
        if (stop_after > 0)
            EXPECT_FAILURE(status, EDGEML_E_CANCELLED, "the build was cancelled");
        else
            EXPECT_STATUS(status, EDGEML_OK);
        EXPECT((engine == nullptr) == (stop_after > 0));
        EXPECT(folder.files(".plan").size() == (stop_after > 0 ? 0 : 1) && folder.files(".tmp").empty());
        EXPECT(stop_after > 0 ? watch.calls >= stop_after : watch.last == 1);
        edgeml_engine_destroy(engine);
    }
    edgeml_context_destroy(context);
}

void failures_have_a_status() {
    edgeml_context *context = open_or_exit();
    edgeml_engine *engine = nullptr;
    std::vector<char> model = test::read_model("unit");
    faults("refuse_build");
    EXPECT_FAILURE(load(&engine, context, model), EDGEML_E_MODEL_REJECTED, "no tactic is left");
    for (auto [fault, words] : {std::pair{"host_output", "lies in host memory"},
                                {"odd_format", "is not stored in rows"},
                                {"open_shape", "has the unknown dimension 0"},
                                {"shape_tensor", "is a shape"}}) {
        faults(fault);
        EXPECT_FAILURE(load(&engine, context, model), EDGEML_E_UNSUPPORTED, words);
    }
    faults("");
    EXPECT_STATUS(test::load(&engine, context, {'n', 'o'}), EDGEML_E_MODEL_REJECTED);
    EXPECT_FAILURE(load(&engine, context, read_model("unit_shared")), EDGEML_E_UNSUPPORTED, "lies outside");
    edgeml_weights *weights = nullptr;
    EXPECT_FAILURE(edgeml_weights_create(&weights, context, nullptr, nullptr), EDGEML_E_UNSUPPORTED,
                   "weights inside the model");
    edgeml_context_destroy(context);

    Pipeline broken(open_or_exit(nullptr, EDGEML_ROUTE_STREAMS));
    edgeml_run_result result;
    EXPECT_STATUS(broken.run(result, 0.5f, 0), EDGEML_OK);
    faults("fail_enqueue=1");
    EXPECT_FAILURE(broken.run(result, 0.5f, 0), EDGEML_E_RUN_FAILED, "the kernel was not found");
    faults("");
    EXPECT_STATUS(broken.run(result, 0.5f, 0), EDGEML_OK);
}

// Four threads with a chain each, of one context and of four.
void chains_run_in_parallel(bool one_context) {
    edgeml_context *context = open_or_exit();
    std::vector<std::unique_ptr<Pipeline>> pipelines;
    for (int t = 0; t < 4; ++t)
        pipelines.push_back(std::make_unique<Pipeline>(one_context ? context : open_or_exit(), !one_context));
    std::vector<std::thread> threads;
    for (const std::unique_ptr<Pipeline> &pipeline : pipelines)
        threads.emplace_back([&chain = *pipeline] {
            for (int i = 0; i < 50; ++i) {
                edgeml_run_result result;
                EXPECT(chain.run(result, i % 2 == 0 ? 0.0f : 0.9f, i % 3 == 0 ? 2 : 0) == EDGEML_OK);
            }
        });
    for (std::thread &thread : threads)
        thread.join();
    pipelines.clear();
    edgeml_context_destroy(context);
}

void cycles_leave_nothing(int cycles) {
    std::uint64_t alive = edgeml_live_objects();
    {
        Folder folder;
        Pipeline first(open_or_exit(folder.path.c_str())); // builds the plans
        std::uint64_t objects = edgeml_live_objects(), contexts = counts().contexts_alive;
        for (int i = 0; i < cycles; ++i) {
            Pipeline pipeline(open_or_exit(folder.path.c_str(), 1 + static_cast<std::uint32_t>(i % 3)));
            edgeml_run_result result;
            EXPECT(pipeline.run(result, i % 2 == 0 ? 0.0f : 0.9f, 0) == EDGEML_OK);
        }
        EXPECT(edgeml_live_objects() == objects && counts().contexts_alive == contexts);
    }
    EXPECT(edgeml_live_objects() == alive && counts().contexts_alive == 0);
    std::printf("%d times a context, engines and a chain made, run and destroyed\n", cycles);
}

} // namespace

int main(int argc, char **argv) {
    void *infer = argc > 1 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (infer == nullptr) {
        std::fprintf(stderr, "usage: tensorrt_tests LIBNVINFER [CYCLES]: %s\n", argc > 1 ? dlerror() : "");
        return 2;
    }
    faults = reinterpret_cast<decltype(faults)>(dlsym(infer, "edgeml_fake_tensorrt_faults"));
    count_of = reinterpret_cast<decltype(count_of)>(dlsym(infer, "edgeml_fake_tensorrt_count"));
    faults(""); // makes the double's own ONNX Runtime context, which stays
    std::uint64_t own = edgeml_live_objects();
    for (std::uint32_t route : {EDGEML_ROUTE_DEVICE, EDGEML_ROUTE_STAGES, EDGEML_ROUTE_STREAMS})
        same_as_cpu(route);
    plans_are_kept();
    builds_are_followed();
    failures_have_a_status();
    tensorrt_fault_tests();
    tensorrt_place_tests();
    chains_run_in_parallel(false);
    chains_run_in_parallel(true);
    cycles_leave_nothing(argc > 2 ? std::atoi(argv[2]) : 30);
    EXPECT(edgeml_live_objects() == own && counts().contexts_alive == 0);
    tensorrt_stuck_tests();
    std::printf("tensorrt_tests %s: %s\n", argv[1], test::failures == 0 ? "passed" : "FAILED");
    return test::failures == 0 ? 0 : 1;
}
