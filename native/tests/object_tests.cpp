// Statuses, struct versions, contexts, weights and buffers.
#include "check.h"

#include <algorithm>
#include <cstring>
#include <thread>

using test::make;

namespace {

void names_and_texts() {
    EXPECT(std::string(edgeml_status_name(EDGEML_OK)) == "EDGEML_OK");
    EXPECT(std::string(edgeml_status_name(EDGEML_E_BUSY)) == "EDGEML_E_BUSY");
    EXPECT(std::string(edgeml_status_name(7)) == "unknown");

    EXPECT(edgeml_context_create(nullptr, nullptr) == EDGEML_E_INVALID_ARGUMENT);
    EXPECT(test::last_error() == "out_context is null");
    EXPECT(edgeml_last_error(nullptr, 0) == std::strlen("out_context is null") + 1);
    char cut[4];
    EXPECT(edgeml_last_error(cut, sizeof cut) == std::strlen("out_context is null") + 1);
    EXPECT(std::string(cut) == "out");
    std::thread([] { EXPECT(test::last_error().empty()); }).join();

    auto decision = make<edgeml_decision>();
    float logit = 1;
    EXPECT(edgeml_decide(&decision, &logit, 1) == EDGEML_OK);
    EXPECT(test::last_error().empty());
}

void struct_versions() {
    edgeml_context *context = nullptr;
    edgeml_context_desc unset{};
    EXPECT_STATUS(edgeml_context_create(&context, &unset), EDGEML_E_STRUCT_SIZE);

    struct {
        edgeml_context_desc known;
        std::uint64_t later;
    } newer{};
    newer.known.struct_size = sizeof newer;
    EXPECT_STATUS(edgeml_context_create(&context, &newer.known), EDGEML_OK);
    EXPECT(context != nullptr);
    edgeml_context_destroy(context);
    newer.later = 1;
    EXPECT_STATUS(edgeml_context_create(&context, &newer.known), EDGEML_E_STRUCT_SIZE);
    EXPECT(context == nullptr);

    struct {
        edgeml_decision known;
        std::uint64_t later;
    } out{};
    out.known.struct_size = sizeof out;
    out.later = 77;
    const float logits[] = {1, 2};
    EXPECT_STATUS(edgeml_decide(&out.known, logits, 2), EDGEML_OK);
    EXPECT(out.later == 0 && out.known.struct_size == sizeof out && out.known.label == 1);
    out.known.struct_size = 1u << 20;
    EXPECT_STATUS(edgeml_decide(&out.known, logits, 2), EDGEML_E_STRUCT_SIZE);
}

void contexts() {
    edgeml_context *context = test::make_context();
    auto info = make<edgeml_context_info>();
    EXPECT_STATUS(edgeml_context_get_info(&info, context), EDGEML_OK);
    EXPECT(info.backend == EDGEML_BACKEND_ONNXRUNTIME && info.threads == 1 && info.flags == 0);
    std::printf("%s %s at %s\n", info.backend_name, info.library_version, info.library_path);

    // The pool is one per process: a later wish does not change it while it lives.
    auto desc = make<edgeml_context_desc>();
    desc.threads = 2;
    edgeml_context *second = nullptr;
    EXPECT_STATUS(edgeml_context_create(&second, &desc), EDGEML_OK);
    EXPECT_STATUS(edgeml_context_get_info(&info, second), EDGEML_OK);
    EXPECT(info.threads == 1);
    edgeml_context_destroy(second);
    edgeml_context_destroy(context);
    EXPECT_STATUS(edgeml_context_create(&second, &desc), EDGEML_OK);
    EXPECT_STATUS(edgeml_context_get_info(&info, second), EDGEML_OK);
    EXPECT(info.threads == 2);
    edgeml_context_destroy(second);
    edgeml_context_destroy(nullptr);

    desc.library_path = "/nowhere/libonnxruntime.so.1";
    EXPECT_STATUS(edgeml_context_create(&second, &desc), EDGEML_E_BACKEND_MISSING);
    edgeml_context_create(&second, &desc);
    EXPECT(test::last_error().find("/nowhere/libonnxruntime.so.1") != std::string::npos);
    desc.library_path = nullptr;
    desc.flags = 2;
    EXPECT_STATUS(edgeml_context_create(&second, &desc), EDGEML_E_INVALID_ARGUMENT);
}

void buffers() {
    edgeml_context *context = test::make_context();
    for (std::uint64_t headroom : {0, 1, 63, 64, 300}) {
        edgeml_buffer *buffer = nullptr;
        EXPECT_STATUS(edgeml_buffer_create(&buffer, context, 100, headroom), EDGEML_OK);
        auto view = make<edgeml_buffer_view>();
        EXPECT_STATUS(edgeml_buffer_get_view(&view, buffer), EDGEML_OK);
        EXPECT(view.bytes == 100 && view.headroom == headroom);
        EXPECT(reinterpret_cast<std::uintptr_t>(view.data) % EDGEML_BUFFER_ALIGNMENT == 0);
        char *data = static_cast<char *>(view.data);
        EXPECT(std::all_of(data - headroom, data + 100, [](char c) { return c == 0; }));
        std::memset(data - headroom, 1, headroom + 100);
        edgeml_buffer_destroy(buffer);
    }
    edgeml_buffer *buffer = nullptr;
    EXPECT_STATUS(edgeml_buffer_create(&buffer, context, 0, 0), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_buffer_create(&buffer, context, UINT64_MAX, 64), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_buffer_create(&buffer, context, 64, UINT64_MAX), EDGEML_E_INVALID_ARGUMENT);

    // Children keep their context: the order of destruction is the caller's.
    EXPECT_STATUS(edgeml_buffer_create(&buffer, context, 4, 0), EDGEML_OK);
    edgeml_context_destroy(context);
    EXPECT(edgeml_live_objects() == 2);
    edgeml_buffer_destroy(buffer);
    EXPECT(edgeml_live_objects() == 0);
}

void weights() {
    edgeml_context *context = test::make_context();
    int released = 0;
    edgeml_weights *set = nullptr;
    EXPECT_STATUS(edgeml_weights_create(
                      &set, context, [](void *user) { ++*static_cast<int *>(user); }, &released),
                  EDGEML_OK);
    std::vector<float> values(64);
    const std::int64_t dims[] = {8, 8}, negative[] = {-8, 8}, vast[] = {INT64_MAX, INT64_MAX};
    EXPECT_STATUS(edgeml_weights_add(set, "w", EDGEML_DTYPE_F32, dims, 2, values.data(), 256), EDGEML_OK);
    EXPECT_STATUS(edgeml_weights_add(set, "w", EDGEML_DTYPE_F32, dims, 2, values.data(), 256),
                  EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_weights_add(set, "v", EDGEML_DTYPE_F32, dims, 2, values.data(), 255),
                  EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_weights_add(set, "v", EDGEML_DTYPE_F32, negative, 2, values.data(), 256),
                  EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_weights_add(set, "v", EDGEML_DTYPE_F32, vast, 2, values.data(), 256),
                  EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_weights_add(set, "v", EDGEML_DTYPE_OTHER, dims, 2, values.data(), 0),
                  EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_weights_add(set, "v", 99, dims, 2, values.data(), 0), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_weights_add(set, nullptr, EDGEML_DTYPE_F32, dims, 2, values.data(), 256),
                  EDGEML_E_INVALID_ARGUMENT);

    // An engine holds the weights it reads, so the data is released after the last of both.
    edgeml_engine *engine = nullptr;
    EXPECT_STATUS(test::load(&engine, context, test::read_model("unit_shared"), set), EDGEML_OK);
    edgeml_weights_destroy(set);
    EXPECT(released == 0);
    edgeml_engine_destroy(engine);
    EXPECT(released == 1);
    edgeml_context_destroy(context);
}

} // namespace

int main() {
    names_and_texts();
    struct_versions();
    contexts();
    buffers();
    weights();
    return test::finish("object_tests");
}
