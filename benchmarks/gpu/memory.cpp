// Input from mapped memory against a copy, and the free memory after many chains.
#include "backends/cuda/kernel_set.h"
#include "bench.h"

#include <algorithm>

namespace bench {

namespace {

// Copy and kernel, or the kernel alone on mapped memory; launch to end of stream.
double input_us(Session &session, std::uint64_t bytes, bool mapped) {
    const std::shared_ptr<const Device> &device = session.device;
    const Driver &driver = *device->driver;
    Current current(*device);
    Stream stream = make_stream(device);
    auto count = static_cast<std::int64_t>(bytes / sizeof(float));
    StandIn network(device, count, count, 0);
    Buffer in(device, bytes, 0), out(device, bytes, 0);
    std::vector<DeviceNetwork::DeviceSlot> from = {{0, mapped ? in.mapped() : in.device()}}, to = {{0, out.device()}};
    std::unique_ptr<Segment> segment = network.place(from, to, 0);
    return measure_us(session.runs,
                      [&] {
                          if (!mapped)
                              driver.check(driver.copy_to_device(in.device(), in.data(), bytes, stream.get()), "copy");
                          segment->enqueue(stream.get());
                          driver.check(driver.stream_synchronize(stream.get()), "stand-in");
                      })
        .p50;
}

} // namespace

void measure_memory(Session &session) {
    session.line("## Memory\n\n| input | copied, µs | read from mapped memory, µs |\n|---|---|---|");
    for (std::uint64_t kib : {12ull, 600ull})
        session.line("| %llu KiB | %.1f | %.1f |", static_cast<unsigned long long>(kib),
                     input_us(session, kib * 1024, false), input_us(session, kib * 1024, true));

    const Driver &driver = *session.device->driver;
    int cycles = std::max(10, session.runs / 2); // 1,000 of a full run
    auto make_one = [&](int i) {
        Line line(session.device, Route::automatic, 2, 0, 0);
        line.set_input(i % 2 == 0);
        line.run();
    };
    // Kernels stay loaded over all of them, as they do for a program with a chain at work.
    auto kernels = KernelSet::join(session.device);
    StandIn standin(session.device, 1, 1, 0);
    make_one(0);
    std::size_t free_before = 0, free_after = 0, total = 0;
    {
        Current current(*session.device);
        driver.check(driver.memory_info(&free_before, &total), "cuMemGetInfo");
    }
    auto begin = std::chrono::steady_clock::now();
    for (int i = 0; i < cycles; ++i)
        make_one(i);
    double ms = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count() / cycles;
    {
        Current current(*session.device);
        driver.check(driver.memory_info(&free_after, &total), "cuMemGetInfo");
    }
    session.line("\n%d chains made, run and destroyed: %.2f ms each, free device memory changed by %lld bytes.\n",
                 cycles, ms, static_cast<long long>(free_after) - static_cast<long long>(free_before));
}

} // namespace bench
