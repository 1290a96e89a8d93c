// What the driver's double injects, seen through the TensorRT plug-ins: each fault ends in its status or in the next
// route.
#include "tensorrt_pipeline.h"

#include "fake_cuda/fake_cuda.h"

#include <cstdlib>
#include <dlfcn.h>

namespace test {

namespace {

template <class Function> Function *of_driver(const char *symbol) {
    static void *driver = dlopen(std::getenv("EDGEML_CUDA_DRIVER"), RTLD_NOW | RTLD_LOCAL);
    return reinterpret_cast<Function *>(dlsym(driver, symbol));
}

void driver_faults(const char *text) {
    of_driver<decltype(edgeml_fake_cuda_revive)>("edgeml_fake_cuda_revive")();
    EXPECT(of_driver<decltype(edgeml_fake_cuda_faults)>("edgeml_fake_cuda_faults")(text) == 0);
}

void what_a_driver_lacks_costs_a_route() {
    struct Case {
        const char *fault;
        std::uint32_t route;
        const char *reason = "";
    };
    for (auto [fault, route, reason] :
         {Case{"", EDGEML_ROUTE_DEVICE}, Case{"integrated", EDGEML_ROUTE_DEVICE},
          Case{"slow_us=300", EDGEML_ROUTE_DEVICE},
          Case{"version=12030", EDGEML_ROUTE_STAGES, "conditional nodes need CUDA 12.4, the driver is 12.3"},
          Case{"version=11040", EDGEML_ROUTE_STAGES, "conditional nodes need CUDA 12.4, the driver is 11.4"},
          Case{"no_conditional", EDGEML_ROUTE_STAGES, "cuGraphConditionalHandleCreate"},
          Case{"no_instantiate", EDGEML_ROUTE_STREAMS, "cuGraphInstantiate"},
          Case{"no_capture", EDGEML_ROUTE_STREAMS, "cannot be captured"}}) {
        driver_faults(fault);
        {
            Pipeline pipeline(open_or_exit());
            edgeml_run_result result;
            EXPECT_STATUS(pipeline.run(result, 0.5f, 0), EDGEML_OK);
            EXPECT(result.route == route);
            for (std::uint32_t forced : {EDGEML_ROUTE_DEVICE, EDGEML_ROUTE_STAGES, EDGEML_ROUTE_STREAMS}) {
                Pipeline strict(open_or_exit(nullptr, forced));
                if (forced >= route)
                    EXPECT_STATUS(strict.run(result, 0.5f, 0), EDGEML_OK);
                else
                    EXPECT_FAILURE(strict.run(result, 0.5f, 0), EDGEML_E_UNSUPPORTED, reason);
            }
        }
        driver_faults("");
    }
}

// The name of a plan says which device, driver and library it is for.
void plans_belong_to_a_device_and_a_driver() {
    Folder folder;
    const std::string cache = folder.path.string();
    auto built_with = [&](const char *fault) {
        driver_faults(fault);
        std::uint64_t before = counts().builds;
        { Pipeline pipeline(open_or_exit(cache.c_str())); }
        return counts().builds - before;
    };
    EXPECT(built_with("") == 3);
    EXPECT(built_with("integrated") == 3);
    EXPECT(built_with("version=13000") == 3);
    EXPECT(built_with("version=12080") == 0); // the same major
    EXPECT(built_with("") == 0);
    EXPECT(folder.files(".plan").size() == 9 && folder.files(".timing").size() == 3);
}

void no_context_without_a_device() {
    struct Case {
        const char *fault;
        edgeml_status status;
        const char *reason;
    };
    for (auto [fault, status, reason] :
         {Case{"no_device", EDGEML_E_BACKEND_MISSING, "CUDA device 0 of 0"},
          Case{"version=11030", EDGEML_E_BACKEND_VERSION, "is CUDA 11.3, 11.4 is needed"},
          Case{"capability=61", EDGEML_E_UNSUPPORTED, "compute capability 6.1, 7.0 is needed"}}) {
        driver_faults(fault);
        edgeml_context *context = nullptr;
        EXPECT_FAILURE(open(&context), status, reason);
        EXPECT(context == nullptr);
    }
    driver_faults("bad_ptx");
    edgeml_context *context = open_or_exit();
    edgeml_chain *chain = nullptr;
    EXPECT_FAILURE(edgeml_chain_create(&chain, context), EDGEML_E_UNSUPPORTED, "does not take the exit kernel");
    EXPECT(last_error().find("refused by the double") != std::string::npos); // the driver's own log
    driver_faults("");
    EXPECT_STATUS(edgeml_chain_create(&chain, context), EDGEML_OK);
    edgeml_chain_destroy(chain);
    edgeml_context_destroy(context);
}

void memory_that_ends_can_be_given_back() {
    Pipeline pipeline(open_or_exit());
    edgeml_run_result result;
    driver_faults("memory=1"); // the scratch of its engines
    EXPECT_FAILURE(pipeline.run(result, 0.5f, 0), EDGEML_E_OUT_OF_MEMORY, "1000 bytes of device memory are not there");
    edgeml_buffer *buffer = nullptr;
    EXPECT_FAILURE(edgeml_buffer_create(&buffer, pipeline.context, 100, 0), EDGEML_E_OUT_OF_MEMORY, "device memory");
    driver_faults("pinned=1");
    EXPECT_FAILURE(edgeml_buffer_create(&buffer, pipeline.context, 100, 0), EDGEML_E_OUT_OF_MEMORY, "pinned memory");
    driver_faults("");
    EXPECT_STATUS(pipeline.run(result, 0.5f, 0), EDGEML_OK);
}

void an_enqueue_that_fails_fails_the_run_or_is_tried_again() {
    for (int nth : {1, 2, 3}) { // first runs, outside of any capture
        Pipeline pipeline(open_or_exit());
        edgeml_run_result result;
        faults(("fail_enqueue=" + std::to_string(nth)).c_str());
        EXPECT_FAILURE(pipeline.run(result, 0.5f, 0), EDGEML_E_RUN_FAILED,
                       "TensorRT failed to run: the kernel was not found");
        EXPECT_STATUS(pipeline.run(result, 0.5f, 0), EDGEML_OK);
    }
    Pipeline pipeline(open_or_exit());
    edgeml_run_result result;
    faults("fail_enqueue=4"); // the first in a capture, which is tried again
    EXPECT_STATUS(pipeline.run(result, 0.5f, 0), EDGEML_OK);
    EXPECT(result.route == EDGEML_ROUTE_DEVICE);
    faults("");
}

void a_lost_device_stays_lost() {
    for (std::uint32_t route : {EDGEML_ROUTE_DEVICE, EDGEML_ROUTE_STAGES, EDGEML_ROUTE_STREAMS})
        for (int kernel = 1; kernel < 12; kernel += 2) {
            Pipeline pipeline(open_or_exit(nullptr, route));
            driver_faults(("lost=" + std::to_string(kernel)).c_str());
            edgeml_run_result result;
            edgeml_status status = EDGEML_OK;
            for (int i = 0; i < 12 && status == EDGEML_OK; ++i)
                status = pipeline.run(result, 1e-30f, 0);
            EXPECT_FAILURE(status, EDGEML_E_DEVICE_LOST, "CUDA_ERROR_ILLEGAL_ADDRESS");
            EXPECT_FAILURE(pipeline.run(result, 0.5f, 2), EDGEML_E_DEVICE_LOST, "CUDA_ERROR_ILLEGAL_ADDRESS");
            driver_faults("");
        }
    Pipeline pipeline(open_or_exit());
    edgeml_run_result result;
    EXPECT_STATUS(pipeline.run(result, 0.5f, 0), EDGEML_OK);
}

} // namespace

void tensorrt_fault_tests() {
    what_a_driver_lacks_costs_a_route();
    plans_belong_to_a_device_and_a_driver();
    no_context_without_a_device();
    memory_that_ends_can_be_given_back();
    an_enqueue_that_fails_fails_the_run_or_is_tried_again();
    a_lost_device_stays_lost();
}

void tensorrt_stuck_tests() {
    setenv("EDGEML_CUDA_LIMIT_MS", "40", 1);
    {
        Pipeline pipeline(open_or_exit());
        edgeml_run_result result;
        EXPECT_STATUS(pipeline.run(result, 0.5f, 0), EDGEML_OK);
        driver_faults("stuck=1");
        for (int run = 0; run < 2; ++run)
            EXPECT_FAILURE(pipeline.run(result, 1e-30f, 0), EDGEML_E_DEVICE_LOST,
                           "has not ended its work within 40 ms");
    } // waits for nothing; the kernel hangs on, because ONNX Runtime under it would not outlive the process's end
    unsetenv("EDGEML_CUDA_LIMIT_MS");
}

} // namespace test
