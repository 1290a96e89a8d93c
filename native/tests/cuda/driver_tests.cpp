// Loading the driver, finding a device, memory.
#include "double.h"
#include "groups.h"

#include <cstring>

namespace test {

using namespace edgeml::cuda;

namespace {

template <class Body> std::string failure(edgeml_status status, Body &&body) {
    try {
        body();
    } catch (const Error &e) {
        EXPECT(e.status() == status);
        return e.what();
    }
    expect(false, "no error", __FILE__, __LINE__);
    return {};
}

bool has(const std::string &text, const char *part) {
    bool found = text.find(part) != std::string::npos;
    if (!found)
        std::fprintf(stderr, "\"%s\" lacks \"%s\"\n", text.c_str(), part);
    return found;
}

void what_cannot_be_opened_says_why() {
    EXPECT(
        has(failure(EDGEML_E_BACKEND_MISSING, [] { Driver::open("/nowhere/libcuda.so.1"); }), "/nowhere/libcuda.so.1"));
    EXPECT(has(failure(EDGEML_E_BACKEND_VERSION, [] { Driver::open("libm.so.6"); }), "libm.so.6 has no cu"));
    faults("version=11030");
    EXPECT(has(failure(EDGEML_E_BACKEND_VERSION, [] { fake_device(); }), "is CUDA 11.3, 11.4 is needed"));
    faults("no_device");
    EXPECT(has(failure(EDGEML_E_BACKEND_MISSING, [] { fake_device(); }), "CUDA device 0 of 0"));
    faults("");
    EXPECT(
        has(failure(EDGEML_E_BACKEND_MISSING, [] { Device(Driver::open(EDGEML_TEST_DRIVER), 1); }), "device 1 of 1"));
}

void a_device_describes_itself() {
    auto device = fake_device();
    EXPECT(device->name == "Fake CUDA device" && device->pci_bus_id == "0000:fa:ce.0");
    EXPECT(device->compute_major == 8 && device->compute_minor == 6 && !device->integrated && device->sm_count == 8);
    EXPECT(device->driver->version == 12060 && device->driver->has_conditional_nodes());
    EXPECT(device->driver == Driver::open(EDGEML_TEST_DRIVER)); // once per file
}

void memory_has_two_sides() {
    auto device = fake_device();
    Buffer buffer(device, 1000, 5);
    EXPECT(reinterpret_cast<std::uintptr_t>(buffer.data()) % 256 == 0 && buffer.device() % 256 == 0);
    EXPECT(buffer.data()[0] == std::byte{0} && buffer.data()[999] == std::byte{0});
    EXPECT(edgeml_fake_cuda_host(buffer.mapped(), 1000) == buffer.data());
    EXPECT(edgeml_fake_cuda_host(buffer.device(), 1000) != nullptr);
    EXPECT(edgeml_fake_cuda_host(buffer.device(), 1025) == nullptr);
    EXPECT(has(failure(EDGEML_E_OUT_OF_MEMORY,
                       [&] {
                           faults("memory=5000");
                           Buffer large(device, 10000, 0);
                       }),
               "10240 bytes of device memory"));
    EXPECT(has(failure(EDGEML_E_OUT_OF_MEMORY,
                       [&] {
                           faults("pinned=5000");
                           Buffer large(device, 10000, 0);
                       }),
               "10240 bytes of pinned memory"));
    faults("");
}

void options_come_from_the_environment() {
    setenv("EDGEML_CUDA_ROUTE", "B", 1);
    setenv("EDGEML_CUDA_WAIT", "block", 1);
    ChainOptions options = ChainOptions::from_environment();
    EXPECT(options.route == Route::stages && options.wait == Wait::block);
    setenv("EDGEML_CUDA_ROUTE", "D", 1);
    EXPECT(has(failure(EDGEML_E_INVALID_ARGUMENT, [] { ChainOptions::from_environment(); }), "is D, known are"));
    unsetenv("EDGEML_CUDA_ROUTE");
    setenv("EDGEML_CUDA_WAIT", "sleep", 1);
    EXPECT(has(failure(EDGEML_E_INVALID_ARGUMENT, [] { ChainOptions::from_environment(); }), "is sleep, known are"));
    unsetenv("EDGEML_CUDA_WAIT");
    setenv("EDGEML_CUDA_LIMIT_MS", "1500", 1);
    EXPECT(ChainOptions::from_environment().limit_ms == 1500);
    setenv("EDGEML_CUDA_LIMIT_MS", "1s", 1);
    EXPECT(has(failure(EDGEML_E_INVALID_ARGUMENT, [] { ChainOptions::from_environment(); }), "is 1s, milliseconds"));
    unsetenv("EDGEML_CUDA_LIMIT_MS");
    EXPECT(ChainOptions::from_environment().limit_ms == ChainOptions::default_limit_ms);
    EXPECT(ChainOptions::from_environment().route == Route::automatic);
}

} // namespace

void driver_tests() {
    what_cannot_be_opened_says_why();
    a_device_describes_itself();
    memory_has_two_sides();
    options_come_from_the_environment();
}

} // namespace test
