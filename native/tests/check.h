// The smallest test frame that says what failed and where.
#pragma once

#include "edgeml/edgeml.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace test {

inline int failures = 0;

inline std::string last_error() {
    char text[512];
    edgeml_last_error(text, sizeof text);
    return text;
}

inline void expect(bool ok, const char *what, const char *file, int line) {
    if (ok)
        return;
    ++failures;
    std::fprintf(stderr, "%s:%d: %s (last error: %s)\n", file, line, what, last_error().c_str());
}

#define EXPECT(condition)            ::test::expect((condition), #condition, __FILE__, __LINE__)
#define EXPECT_NEAR(a, b, tolerance) EXPECT(std::fabs(double(a) - double(b)) <= (tolerance))
#define EXPECT_STATUS(call, status)                                                                                    \
    EXPECT((call) == (status) && ((status) == EDGEML_OK) == ::test::last_error().empty())

// The status, and one line that has `part` in it.
#define EXPECT_FAILURE(call, status, part)                                                                             \
    EXPECT((call) == (status) && ::test::last_error().find(part) != std::string::npos &&                               \
           ::test::last_error().find('\n') == std::string::npos)

// For what later lines cannot do without.
#define REQUIRE(call)                                                                                                  \
    do {                                                                                                               \
        if ((call) != EDGEML_OK) {                                                                                     \
            ::test::expect(false, #call, __FILE__, __LINE__);                                                          \
            std::exit(1);                                                                                              \
        }                                                                                                              \
    } while (false)

template <class Struct> Struct make() {
    Struct value{};
    value.struct_size = sizeof(Struct);
    return value;
}

inline std::vector<char> read_model(const char *name) {
    std::ifstream file(std::string(EDGEML_TEST_MODELS "/") + name + ".onnx", std::ios::binary);
    std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
    expect(!bytes.empty(), name, __FILE__, __LINE__);
    return bytes;
}

inline edgeml_context *make_context() {
    edgeml_context *context = nullptr;
    auto desc = make<edgeml_context_desc>();
    REQUIRE(edgeml_context_create(&context, &desc));
    return context;
}

inline edgeml_status load(edgeml_engine **out, edgeml_context *context, const std::vector<char> &model,
                          edgeml_weights *weights = nullptr, std::uint32_t optimization = EDGEML_OPTIMIZE_DEFAULT) {
    auto desc = make<edgeml_engine_desc>();
    desc.model = model.data();
    desc.model_bytes = model.size();
    desc.optimization = optimization;
    return edgeml_engine_create(out, context, weights, &desc);
}

inline edgeml_engine *load(edgeml_context *context, const char *name) {
    edgeml_engine *engine = nullptr;
    REQUIRE(load(&engine, context, read_model(name)));
    return engine;
}

inline edgeml_buffer *make_buffer(edgeml_context *context, std::uint64_t floats) {
    edgeml_buffer *buffer = nullptr;
    REQUIRE(edgeml_buffer_create(&buffer, context, floats * sizeof(float), 0));
    return buffer;
}

inline float *data(const edgeml_buffer *buffer) {
    auto view = make<edgeml_buffer_view>();
    REQUIRE(edgeml_buffer_get_view(&view, buffer));
    return static_cast<float *>(view.data);
}

inline int finish(const char *name) {
    std::printf("%s: %s, %llu objects alive\n", name, failures == 0 ? "passed" : "FAILED",
                static_cast<unsigned long long>(edgeml_live_objects()));
    expect(edgeml_live_objects() == 0, "objects left", __FILE__, __LINE__);
    return failures == 0 ? 0 : 1;
}

} // namespace test
