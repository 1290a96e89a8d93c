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

} // namespace

int main() {
    contexts_share_an_environment();
    the_next_environment_waits_for_the_last_one();
    return test::finish("runtime_tests");
}
