// What the tests of the TensorRT backend share: the doubles' faults and counts, and a chain of the tiny models.
#pragma once

#include "check.h"

#include "fake_tensorrt/fake_tensorrt.h"

#include <atomic>
#include <cstring>
#include <filesystem>
#include <unistd.h>

namespace test {

namespace fs = std::filesystem;

inline decltype(&edgeml_fake_tensorrt_faults) faults;
inline decltype(&edgeml_fake_tensorrt_count) count_of;

inline edgeml_fake_tensorrt_counts counts() {
    edgeml_fake_tensorrt_counts now{};
    count_of(&now);
    return now;
}

// A folder that is gone at the end.
struct Folder {
    const fs::path path;
    explicit Folder(const char *name = "plans")
        : path(fs::temp_directory_path() / ("edgeml-" + std::string(name) + "-" + std::to_string(getpid()))) {
        fs::remove_all(path);
    }
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

inline edgeml_status open(edgeml_context **out, const char *cache = nullptr, std::uint32_t route = 0,
                          Lines *lines = nullptr) {
    auto desc = make<edgeml_context_desc>();
    desc.backend = EDGEML_BACKEND_TENSORRT;
    desc.cache_path = cache;
    desc.route = route;
    desc.log = lines != nullptr ? Lines::take : nullptr;
    desc.log_user = lines;
    return edgeml_context_create(out, &desc);
}

inline edgeml_context *open_or_exit(const char *cache = nullptr, std::uint32_t route = 0, Lines *lines = nullptr) {
    edgeml_context *context = nullptr;
    REQUIRE(open(&context, cache, route, lines));
    return context;
}

// unit -> side exit -> final exit, of the tiny models.
struct Pipeline {
    edgeml_context *context;
    edgeml_engine *unit = load(context, "unit"), *head = load(context, "head");
    edgeml_engine *last = load(context, "final");
    edgeml_buffer *x = make_buffer(context, 8), *features = make_buffer(context, 8);
    edgeml_buffer *side = make_buffer(context, 3), *scores = make_buffer(context, 3);
    edgeml_chain *chain = nullptr;
    const bool owns_context;

    explicit Pipeline(edgeml_context *given, bool owns = true) : context(given), owns_context(owns) {
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
        if (owns_context)
            edgeml_context_destroy(context);
        edgeml_chain_destroy(chain);
        for (edgeml_engine *e : {unit, head, last})
            edgeml_engine_destroy(e);
        for (edgeml_buffer *b : {x, features, side, scores})
            edgeml_buffer_destroy(b);
    }
};

void tensorrt_fault_tests();
void tensorrt_place_tests();
void tensorrt_stuck_tests(); // the last: TensorRT's device is given up for the process

} // namespace test
