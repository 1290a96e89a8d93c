// A device that is slow is waited for, one that does not end its work is given up at the limit.
#include "double.h"
#include "groups.h"

#include <chrono>

namespace test {

using namespace edgeml::cuda;

namespace {

constexpr std::uint32_t limit_ms = 40;

constexpr Route routes[] = {Route::automatic, Route::device, Route::stages, Route::streams};
constexpr Wait waits[] = {Wait::hybrid, Wait::spin, Wait::block};

ChainOptions options_of(Route route, Wait wait, std::uint32_t limit) {
    ChainOptions options;
    options.route = route;
    options.wait = wait;
    options.limit_ms = limit;
    return options;
}

void a_slow_device_is_waited_for() {
    auto device = fake_device();
    for (Route route : routes)
        for (Wait wait : waits)
            for (std::uint32_t limit : {0u, ChainOptions::default_limit_ms}) {
                Rig rig(device, options_of(route, wait, limit)), host(nullptr);
                faults("slow_us=400"); // longer than a hybrid wait reads
                for (std::uint32_t seed = 1; seed < 3; ++seed) {
                    rig.set_input(seed, 2);
                    host.set_input(seed, 2);
                    EXPECT(same(rig.run({0.6f, 0.6f}), host.run({0.6f, 0.6f})));
                }
                faults("");
            }
}

void is_given_up(const std::string &text) {
    EXPECT(text.find("has not ended its work within 40 ms") != std::string::npos);
}

// In a run that is warm, and in the very first work of a chain.
void a_device_that_does_not_end_is_given_up() {
    for (Route route : routes)
        for (Wait wait : waits)
            for (bool warm : {true, false}) {
                auto device = fake_device();
                {
                    Rig rig(device, options_of(route, wait, limit_ms));
                    if (warm)
                        rig.run({0.5f, 0.5f});
                    faults("stuck=2");
                    edgeml_run_result result;
                    auto begin = std::chrono::steady_clock::now();
                    EXPECT_STATUS(rig.try_run(result, {1e-30f, 1e-30f}), EDGEML_E_DEVICE_LOST);
                    EXPECT(std::chrono::steady_clock::now() - begin >= std::chrono::milliseconds(limit_ms));
                    is_given_up(last_error());
                    EXPECT_STATUS(rig.try_run(result, {0.5f}, 2), EDGEML_E_DEVICE_LOST);
                    is_given_up(last_error());
                } // waits for nothing
                EXPECT(device->is_given_up());
                try {
                    Buffer more(device, 100, 0);
                    expect(false, "memory of a device that is given up", __FILE__, __LINE__);
                } catch (const Error &e) {
                    EXPECT(e.status() == EDGEML_E_DEVICE_LOST);
                }
                faults(""); // what still worked with the chain's memory ends now, and finds it there
            }
    Rig rig(fake_device()); // a device that came back serves new contexts
    rig.run({0.5f});
}

void single_runs_and_probes_have_the_limit_too() {
    setenv("EDGEML_CUDA_LIMIT_MS", "40", 1);
    auto device = fake_device();
    const DeviceDense network(device, {}, {}, Habit::good);
    const float x[Dense::width] = {};
    const void *inputs[] = {x};
    faults("stuck=1");
    try {
        network.run_once(inputs);
        expect(false, "a run that does not end", __FILE__, __LINE__);
    } catch (const Error &e) {
        EXPECT(e.status() == EDGEML_E_DEVICE_LOST);
        is_given_up(e.what());
    }
    faults("stuck=1");
    auto info = make<edgeml_device_info>();
    EXPECT_STATUS(edgeml_device_probe(&info, 0, EDGEML_TEST_DRIVER), EDGEML_E_DEVICE_LOST);
    is_given_up(last_error());
    faults("");
    unsetenv("EDGEML_CUDA_LIMIT_MS");
    EXPECT_STATUS(edgeml_device_probe(&info, 0, EDGEML_TEST_DRIVER), EDGEML_OK);
}

} // namespace

void wait_tests() {
    a_slow_device_is_waited_for();
    a_device_that_does_not_end_is_given_up();
    single_runs_and_probes_have_the_limit_too();
}

} // namespace test
