// Contexts against a double of ONNX Runtime, whose environment can be held while it goes.
#include "check.h"
#include "fake_onnxruntime.h"

#include <thread>

namespace {

edgeml_status make_context(edgeml_context **out) {
    auto desc = test::make<edgeml_context_desc>();
    desc.library_path = EDGEML_TEST_ONNXRUNTIME;
    return edgeml_context_create(out, &desc);
}

// The environment of the last context is still going when another thread makes a context: that one waits.
void the_next_environment_waits_for_the_last_one() {
    edgeml_context *last = nullptr, *next = nullptr;
    REQUIRE(make_context(&last));
    fake_ort_hold_next_release(300);
    std::thread closing([&] { edgeml_context_destroy(last); });
    fake_ort_wait_for_release();
    EXPECT_STATUS(make_context(&next), EDGEML_OK);
    closing.join();
    EXPECT(fake_ort_refused() == 0);
    edgeml_context_destroy(next);
}

void contexts_share_an_environment() {
    edgeml_context *contexts[2] = {};
    for (edgeml_context *&context : contexts)
        EXPECT_STATUS(make_context(&context), EDGEML_OK);
    EXPECT(fake_ort_refused() == 0);
    for (edgeml_context *context : contexts)
        edgeml_context_destroy(context);
}

std::uint32_t flags_of_a_new_context() {
    edgeml_context *context = nullptr;
    REQUIRE(make_context(&context));
    auto info = test::make<edgeml_context_info>();
    EXPECT_STATUS(edgeml_context_get_info(&info, context), EDGEML_OK);
    edgeml_context_destroy(context);
    return info.flags;
}

// Where a host has made the environment without a pool, a context is still made, and says so.
void a_host_s_environment_is_joined() {
    EXPECT((flags_of_a_new_context() & EDGEML_CONTEXT_GUEST) == 0);
    fake_ort_have_host(1);
    EXPECT((flags_of_a_new_context() & EDGEML_CONTEXT_GUEST) != 0);
    fake_ort_have_host(0);
    EXPECT((flags_of_a_new_context() & EDGEML_CONTEXT_GUEST) == 0);
}

} // namespace

int main() {
    a_host_s_environment_is_joined();
    contexts_share_an_environment();
    the_next_environment_waits_for_the_last_one();
    return test::finish("runtime_tests");
}
