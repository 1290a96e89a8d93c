// Contexts against a double of ONNX Runtime, whose environment can be held while it goes.
#include "check.h"
#include "fake_onnxruntime.h"

#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <thread>

namespace {

namespace fs = std::filesystem;

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

// A folder with a copy of the double, which then is a separate library, and with files of providers.
class Folder {
  public:
    Folder() {
        char name[] = "/tmp/edgeml-providers-XXXXXX";
        path = mkdtemp(name);
        fs::copy_file(EDGEML_TEST_ONNXRUNTIME, file("libonnxruntime.so"));
        library_ = dlopen(file("libonnxruntime.so").c_str(), RTLD_NOW | RTLD_LOCAL);
        EXPECT(library_ != nullptr);
    }
    ~Folder() { fs::remove_all(path); }

    std::string file(const std::string &name) const { return (path / name).string(); }
    void have_providers(int providers) const {
        reinterpret_cast<void (*)(int)>(dlsym(library_, "fake_ort_have_providers"))(providers);
    }
    std::string used() const {
        return reinterpret_cast<const char *(*)()>(dlsym(library_, "fake_ort_providers_used"))();
    }
    edgeml_status make(edgeml_context **out, std::uint32_t backend) const {
        auto desc = test::make<edgeml_context_desc>();
        std::string library = file("libonnxruntime.so");
        desc.library_path = library.c_str();
        desc.backend = backend;
        desc.device = 1;
        return edgeml_context_create(out, &desc);
    }

    fs::path path;

  private:
    void *library_ = nullptr;
};

void a_provider_that_cannot_be_used_says_why() {
    Folder folder;
    edgeml_context *context = nullptr;
    const std::string cuda = "libonnxruntime_providers_cuda.so", shared = "libonnxruntime_providers_shared.so";
    EXPECT_FAILURE(folder.make(&context, EDGEML_BACKEND_ONNXRUNTIME_CUDA), EDGEML_E_BACKEND_MISSING,
                   "backend cuda: ONNX Runtime: CUDA execution provider is not enabled in this build. (double from " +
                       folder.file("libonnxruntime.so") + "); " + folder.path.string() + " has no " + shared);
    folder.have_providers(FAKE_ORT_UNLOADABLE);
    fs::copy_file(EDGEML_TEST_ONNXRUNTIME, folder.file(shared));
    EXPECT_FAILURE(folder.make(&context, EDGEML_BACKEND_ONNXRUNTIME_CUDA), EDGEML_E_BACKEND_MISSING, "has no " + cuda);
    std::ofstream(folder.file(cuda)) << "no library";
    EXPECT_FAILURE(folder.make(&context, EDGEML_BACKEND_ONNXRUNTIME_TENSORRT), EDGEML_E_BACKEND_MISSING,
                   "backend tensorrt-ep: ONNX Runtime: Failed to load shared library");
    EXPECT(test::last_error().find(cuda + " cannot be loaded: " + folder.file(cuda)) != std::string::npos);
    fs::remove(folder.file(cuda));
    fs::copy_file(EDGEML_TEST_ONNXRUNTIME, folder.file(cuda));
    EXPECT_FAILURE(folder.make(&context, EDGEML_BACKEND_ONNXRUNTIME_TENSORRT), EDGEML_E_BACKEND_MISSING,
                   "has no libonnxruntime_providers_tensorrt.so");
    folder.have_providers(FAKE_ORT_WITHOUT_DEVICE);
    EXPECT_FAILURE(folder.make(&context, EDGEML_BACKEND_ONNXRUNTIME_CUDA), EDGEML_E_BACKEND_MISSING,
                   "backend cuda: ONNX Runtime: CUDA failure 100: no CUDA-capable device is detected (double from");
    // The processor can still be used.
    EXPECT_STATUS(folder.make(&context, EDGEML_BACKEND_ONNXRUNTIME), EDGEML_OK);
    edgeml_context_destroy(context);
}

void a_provider_that_can_be_used_is_named() {
    Folder folder;
    folder.have_providers(FAKE_ORT_USABLE);
    struct Case {
        std::uint32_t backend;
        const char *name, *used;
    };
    for (const Case &each : {Case{EDGEML_BACKEND_ONNXRUNTIME, "onnxruntime", " | "},
                             Case{EDGEML_BACKEND_ONNXRUNTIME_CUDA, "cuda", "device_id=1 use_tf32=0 | cuda"},
                             Case{EDGEML_BACKEND_ONNXRUNTIME_TENSORRT, "tensorrt-ep",
                                  "device_id=1 use_tf32=0 device_id=1 | tensorrt cuda"}}) {
        edgeml_context *context = nullptr;
        REQUIRE(folder.make(&context, each.backend));
        auto info = test::make<edgeml_context_info>();
        EXPECT_STATUS(edgeml_context_get_info(&info, context), EDGEML_OK);
        EXPECT(info.backend == each.backend && std::string(info.backend_name) == each.name);
        EXPECT(folder.used() == each.used);
        edgeml_weights *weights = nullptr;
        if (each.backend != EDGEML_BACKEND_ONNXRUNTIME)
            EXPECT_FAILURE(edgeml_weights_create(&weights, context, nullptr, nullptr), EDGEML_E_UNSUPPORTED,
                           "takes weights inside the model");
        edgeml_context_destroy(context);
    }
}

} // namespace

int main() {
    a_provider_that_cannot_be_used_says_why();
    a_provider_that_can_be_used_is_named();
    a_host_s_environment_is_joined();
    contexts_share_an_environment();
    the_next_environment_waits_for_the_last_one();
    return test::finish("runtime_tests");
}
