// How the host waits: latency over the device's own time, and CPU time spent; and the step of the device's clock.
#include "backends/cuda/kernel_set.h"
#include "bench.h"

#include <algorithm>
#include <ctime>
#include <new>

namespace bench {

namespace {

double cpu_us() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

} // namespace

void measure_waiting(Session &session) {
    const std::shared_ptr<const Device> &device = session.device;
    session.line("## Waiting\n\nA unit of 500 µs and a head; the wait is what a run takes beyond that.\n");
    session.line("| wait | run p50 µs | beyond the device µs | CPU µs of a run |\n|---|---|---|---|");
    for (auto [wait, name] : {std::pair{Wait::spin, "spin"}, {Wait::hybrid, "hybrid"}, {Wait::block, "block"}}) {
        Line line(device, Route::automatic, 0, 500000, 0, wait);
        line.set_input(false);
        int runs = session.runs / 4 + 1, ran = 0;
        double begin = cpu_us();
        Spread s = measure_us(runs, [&] {
            line.run();
            ++ran;
        });
        session.line("| %s | %.1f | %.1f | %.1f |", name, s.p50, s.p50 - 500, (cpu_us() - begin) / ran);
    }

    const Driver &driver = *device->driver;
    auto kernels = KernelSet::join(device);
    Current current(*device);
    Stream stream = make_stream(device);
    Buffer memory(device, sizeof(Mailbox), 0);
    auto *mailbox = new (memory.data()) Mailbox{};
    for (std::uint64_t i = 0; i < most_stamps; ++i)
        KernelCall::of_stamp(kernels->stamp, {memory.mapped(), i}).launch(*device, stream.get());
    driver.check(driver.stream_synchronize(stream.get()), "stamps");
    std::uint64_t step = ~0ull;
    for (std::uint32_t i = 1; i < most_stamps; ++i)
        if (mailbox->stamps[i] > mailbox->stamps[i - 1])
            step = std::min(step, mailbox->stamps[i] - mailbox->stamps[i - 1]);
    session.line("\nSmallest step seen between two stamps of the device's clock: %llu ns.\n",
                 static_cast<unsigned long long>(step));
}

} // namespace bench
