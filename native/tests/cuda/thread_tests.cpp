// Chains in parallel, a busy chain, and many that come and go.
#include "double.h"
#include "groups.h"

#include <atomic>
#include <thread>

namespace test {

using namespace edgeml::cuda;

namespace {

void chains_run_in_parallel() {
    auto device = fake_device();
    std::atomic<int> wrong = 0;
    std::vector<std::thread> workers;
    for (std::uint32_t t = 0; t < 4; ++t)
        workers.emplace_back([&, t] {
            ChainOptions options;
            options.route = static_cast<Route>(t);
            options.plans = 2;
            Rig rig(device, options), host(nullptr);
            for (std::uint32_t i = 0; i < 150; ++i) {
                rig.set_input(i, 2);
                host.set_input(i, 2);
                std::uint32_t count = i % 7;
                std::vector<float> thresholds = {i % 3 == 0 ? 0.0f : 0.7f, 0.6f};
                edgeml_run_result got, expected;
                wrong += rig.try_run(got, thresholds, 0, count) != EDGEML_OK ||
                         host.try_run(expected, thresholds, 0, count) != EDGEML_OK || !same(got, expected);
            }
        });
    for (std::thread &worker : workers)
        worker.join();
    EXPECT(wrong == 0);
}

void a_busy_chain_says_so() {
    auto device = fake_device();
    Rig rig(device);
    rig.run({0.5f, 0.5f});
    std::atomic<int> busy = 0, done = 0, other = 0;
    auto hammer = [&] {
        while (busy == 0 && done < 100000) {
            edgeml_run_result result;
            edgeml_status status = rig.try_run(result, {0.5f, 0.5f});
            ++(status == EDGEML_OK ? done : status == EDGEML_E_BUSY ? busy : other);
        }
    };
    std::thread second(hammer);
    hammer();
    second.join();
    EXPECT(busy > 0 && other == 0);
}

void chains_come_and_go(int cycles) {
    auto device = fake_device();
    edgeml_fake_cuda_counts before = counts();
    for (int i = 0; i < cycles; ++i) {
        ChainOptions options;
        options.route = static_cast<Route>(i % 4);
        Rig rig(device, options);
        rig.run({0.5f, 0.5f}, 0, static_cast<std::uint32_t>(i % 7));
    }
    edgeml_fake_cuda_counts after = counts();
    EXPECT(after.device_bytes == before.device_bytes && after.pinned_bytes == before.pinned_bytes);
    EXPECT(after.streams == before.streams && after.graphs == before.graphs && after.execs == before.execs);
    std::printf("%d chains made, run and destroyed\n", cycles);
}

} // namespace

void thread_tests(int chains_made) {
    chains_run_in_parallel();
    a_busy_chain_says_so();
    chains_come_and_go(chains_made);
}

} // namespace test
