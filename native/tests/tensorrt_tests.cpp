// The TensorRT backend on the doubles of TensorRT and of the CUDA driver: tensorrt_tests LIBNVINFER. The environment
// names the doubles' places; see CMakeLists.txt.
#include "check.h"

#include "fake_tensorrt/fake_tensorrt.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <thread>
#include <unistd.h>

using test::data;
using test::make;

namespace {

namespace fs = std::filesystem;

decltype(&edgeml_fake_tensorrt_faults) faults;
decltype(&edgeml_fake_tensorrt_count) count_of;

edgeml_fake_tensorrt_counts counts() {
    edgeml_fake_tensorrt_counts now{};
    count_of(&now);
    return now;
}

// A folder for plans that is gone at the end.
struct Folder {
    fs::path path = fs::temp_directory_path() / ("edgeml-plans-" + std::to_string(getpid()));
    Folder() { fs::remove_all(path); }
    ~Folder() { fs::remove_all(path); }
    std::vector<fs::path> files(const char *extension) const {
        std::vector<fs::path> found;
        if (fs::exists(path))
            for (const auto &entry : fs::directory_iterator(path))
                if (entry.path().extension() == extension)
                    found.push_back(entry.path());
        return found;
    }
};

struct Lines {
    std::atomic<int> all{0}, warnings{0};
    static void take(void *user, int32_t level, const char *text) {
        auto *lines = static_cast<Lines *>(user);
        ++lines->all;
        lines->warnings += level <= EDGEML_LOG_WARNING;
        EXPECT(text != nullptr && *text != '\0');
    }
};

edgeml_status open(edgeml_context **out, const char *cache = nullptr, std::uint32_t route = 0, Lines *lines = nullptr) {
    auto desc = make<edgeml_context_desc>();
    desc.backend = EDGEML_BACKEND_TENSORRT;
    desc.cache_path = cache;
    desc.route = route;
    desc.log = lines != nullptr ? Lines::take : nullptr;
    desc.log_user = lines;
    return edgeml_context_create(out, &desc);
}

edgeml_context *open_or_exit(const char *cache = nullptr, std::uint32_t route = 0, Lines *lines = nullptr) {
    edgeml_context *context = nullptr;
    REQUIRE(open(&context, cache, route, lines));
    return context;
}

// unit -> side exit -> final exit, of the tiny models.
struct Pipeline {
    edgeml_context *context;
    edgeml_engine *unit = test::load(context, "unit"), *head = test::load(context, "head");
    edgeml_engine *last = test::load(context, "final");
    edgeml_buffer *x = test::make_buffer(context, 8), *features = test::make_buffer(context, 8);
    edgeml_buffer *side = test::make_buffer(context, 3), *scores = test::make_buffer(context, 3);
    edgeml_chain *chain = nullptr;

    explicit Pipeline(edgeml_context *given) : context(given) {
        auto plain = make<edgeml_stage>();
        auto early = make<edgeml_stage>();
        early.exit_index = 1;
        early.classes = 3;
        auto answer = early;
        answer.exit_index = 2;
        answer.flags = EDGEML_STAGE_FINAL;
        REQUIRE(edgeml_chain_create(&chain, context));
        REQUIRE(edgeml_chain_add(chain, unit, x, features, nullptr, &plain));
        REQUIRE(edgeml_chain_add(chain, head, features, nullptr, side, &early));
        REQUIRE(edgeml_chain_add(chain, last, features, nullptr, scores, &answer));
    }

    edgeml_status run(edgeml_run_result &result, float threshold, std::uint32_t stages) {
        auto desc = make<edgeml_run_desc>();
        desc.thresholds = &threshold;
        desc.threshold_count = 1;
        desc.stage_count = stages;
        result = make<edgeml_run_result>();
        return edgeml_chain_run(&result, chain, &desc);
    }

    ~Pipeline() {
        edgeml_context_destroy(context);
        edgeml_chain_destroy(chain);
        for (edgeml_engine *e : {unit, head, last})
            edgeml_engine_destroy(e);
        for (edgeml_buffer *b : {x, features, side, scores})
            edgeml_buffer_destroy(b);
    }
};

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

    // Cut short, damaged, of another key: each is built anew, on what is known of timing.
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

    // TensorRT refuses one: built anew, with a word about it.
    faults("refuse_plans=1");
    { Pipeline stale(open_or_exit(path.c_str(), 0, &lines)); }
    EXPECT(counts().builds == builds + 4 && lines.warnings == 1);

    // It refuses the new one too: an error, and nothing of it stays.
    edgeml_context *context = open_or_exit(path.c_str());
    faults("refuse_plans=2");
    edgeml_engine *engine = nullptr;
    EXPECT_STATUS(test::load(&engine, context, test::read_model("unit")), EDGEML_E_MODEL_REJECTED);
    EXPECT(test::load(&engine, context, test::read_model("unit")) == EDGEML_OK);
    edgeml_engine_destroy(engine);
    faults("refuse_plans=2");
    EXPECT(test::load(&engine, context, test::read_model("unit")) == EDGEML_E_MODEL_REJECTED);
    EXPECT(test::last_error().find("version tag does not match") != std::string::npos);
    EXPECT(test::last_error().find("just built") != std::string::npos);
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
        EXPECT_STATUS(edgeml_engine_create(&engine, context, nullptr, &desc),
                      stop_after > 0 ? EDGEML_E_CANCELLED : EDGEML_OK);
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
    EXPECT_STATUS(test::load(&engine, context, model), EDGEML_E_MODEL_REJECTED);
    EXPECT(test::load(&engine, context, model) != EDGEML_OK &&
           test::last_error().find("no tactic is left") != std::string::npos);
    faults("host_output");
    EXPECT_STATUS(test::load(&engine, context, model), EDGEML_E_UNSUPPORTED);
    faults("");
    EXPECT_STATUS(test::load(&engine, context, {'n', 'o'}), EDGEML_E_MODEL_REJECTED);
    EXPECT_STATUS(test::load(&engine, context, test::read_model("unit_shared")), EDGEML_E_UNSUPPORTED);
    edgeml_weights *weights = nullptr;
    EXPECT_STATUS(edgeml_weights_create(&weights, context, nullptr, nullptr), EDGEML_E_UNSUPPORTED);
    edgeml_context_destroy(context);

    Pipeline broken(open_or_exit(nullptr, EDGEML_ROUTE_STREAMS));
    edgeml_run_result result;
    EXPECT_STATUS(broken.run(result, 0.5f, 0), EDGEML_OK);
    faults("fail_enqueue=1");
    EXPECT_STATUS(broken.run(result, 0.5f, 0), EDGEML_E_RUN_FAILED);
    faults("");
    EXPECT_STATUS(broken.run(result, 0.5f, 0), EDGEML_OK);
}

void missing_software_is_one_line() {
    std::string directory = std::getenv("EDGEML_TENSORRT_DIR");
    setenv("EDGEML_TENSORRT_DIR", "/nonexistent/tensorrt", 1);
    edgeml_context *context = nullptr;
    EXPECT_STATUS(open(&context), EDGEML_E_BACKEND_MISSING);
    EXPECT(open(&context) != EDGEML_OK && test::last_error().find("/nonexistent/tensorrt") != std::string::npos);
    EXPECT(test::last_error().find('\n') == std::string::npos);
    setenv("EDGEML_TENSORRT_DIR", directory.c_str(), 1);
    std::string plugins = std::getenv("EDGEML_TENSORRT_PLUGINS");
    setenv("EDGEML_TENSORRT_PLUGINS", "/nonexistent/plugins", 1);
    EXPECT(open(&context) == EDGEML_E_BACKEND_MISSING &&
           test::last_error().find("/nonexistent/plugins") != std::string::npos);
    setenv("EDGEML_TENSORRT_PLUGINS", plugins.c_str(), 1);
}

void chains_run_in_parallel() {
    edgeml_context *context = open_or_exit();
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([context] {
            edgeml_context *own = nullptr;
            REQUIRE(open(&own));
            Pipeline pipeline(own);
            for (int i = 0; i < 50; ++i) {
                edgeml_run_result result;
                EXPECT(pipeline.run(result, i % 2 == 0 ? 0.0f : 0.9f, 0) == EDGEML_OK);
            }
        });
    for (std::thread &thread : threads)
        thread.join();
    edgeml_context_destroy(context);
}

void cycles_leave_nothing(int cycles) {
    std::uint64_t alive = edgeml_live_objects();
    Folder folder;
    for (int i = 0; i < cycles; ++i) {
        Pipeline pipeline(open_or_exit(folder.path.c_str(), 1 + static_cast<std::uint32_t>(i % 3)));
        edgeml_run_result result;
        EXPECT(pipeline.run(result, i % 2 == 0 ? 0.0f : 0.9f, 0) == EDGEML_OK);
    }
    EXPECT(edgeml_live_objects() == alive && counts().contexts_alive == 0);
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
    missing_software_is_one_line();
    chains_run_in_parallel();
    cycles_leave_nothing(argc > 2 ? std::atoi(argv[2]) : 30);
    EXPECT(edgeml_live_objects() == own && counts().contexts_alive == 0);
    std::printf("tensorrt_tests %s: %s\n", argv[1], test::failures == 0 ? "passed" : "FAILED");
    return test::failures == 0 ? 0 : 1;
}
