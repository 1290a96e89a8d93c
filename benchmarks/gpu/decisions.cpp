// The exit kernel against the CPU's decision, on random logits of every type.
#include "backends/cuda/kernel_set.h"
#include "backends/cuda/kernels.h"
#include "bench.h"

#include <cmath>
#include <cstring>
#include <new>
#include <random>

namespace bench {

namespace {

constexpr std::uint32_t seed = 20260711;
constexpr std::int32_t counts[] = {2, 3, 10, 31, 33, 100, 257, 1000, 1024, 1025, 4096};

struct Tally {
    int vectors = 0, labels = 0, exits = 0, bits = 0;
    double entropy = 0;
};

} // namespace

void measure_decisions(Session &session) {
    const std::shared_ptr<const Device> &device = session.device;
    const Driver &driver = *device->driver;
    auto kernels = KernelSet::join(device);
    Current current(*device);
    Stream stream = make_stream(device);
    Buffer logits(device, 4096 * sizeof(float), 0), scores(device, 4096 * sizeof(float), 0),
        memory(device, sizeof(Mailbox), 0);
    auto *mailbox = new (memory.data()) Mailbox{};
    mailbox->control.thresholds[0] = 0.5f;
    std::mt19937 random(seed);

    session.line("## Decisions\n\nRandom logits (seed %u), 2 to 4096 classes, scales 0.1 to 60, threshold 0.5; the CPU "
                 "decides with the same source.\n",
                 seed);
    session.line(
        "| logits | vectors | labels differ | exits differ | largest entropy difference | not the same bits |");
    session.line("|---|---|---|---|---|---|");
    for (std::uint32_t dtype : {logits_f32, logits_f16, logits_bf16}) {
        Tally tally;
        for (int v = 0; v < session.vectors; ++v) {
            std::int32_t count = counts[v % std::size(counts)];
            float scale = v % 3 == 0 ? 0.1f : v % 3 == 1 ? 3.0f : 60.0f;
            std::normal_distribution<float> normal(0, scale);
            float x[4096];
            for (std::int32_t i = 0; i < count; ++i) {
                x[i] = normal(random);
                if (dtype == logits_f32)
                    std::memcpy(logits.data() + 4 * i, x + i, 4);
                else {
                    std::uint32_t bits;
                    std::memcpy(&bits, x + i, 4);
                    auto narrow = static_cast<std::uint16_t>(bits >> 16);
                    if (dtype == logits_f16) // some normal f16 of about that size
                        narrow = static_cast<std::uint16_t>(
                            (bits >> 16 & 0x8000u) |
                            std::min(0x7bffu, static_cast<std::uint32_t>(std::fabs(x[i]) * 100.0f) + 0x400u));
                    std::memcpy(logits.data() + 2 * i, &narrow, 2);
                    x[i] = load_logit(logits.data(), dtype, i);
                }
            }
            Decision expected = decide(x, count);
            driver.check(driver.copy_to_device(logits.device(), logits.data(), 4096 * sizeof(float), stream.get()),
                         "copy");
            mailbox->control.sequence = static_cast<std::uint32_t>(v + 1);
            ExitArguments a{logits.device(), scores.mapped(), memory.mapped(), 0, dtype, count, 1, 0};
            KernelCall::of_exit(kernels->exit, a).launch(*device, stream.get());
            driver.check(driver.stream_synchronize(stream.get()), "exit kernel");
            const Record &got = mailbox->exits[0];
            ++tally.vectors;
            tally.labels += got.sequence != mailbox->control.sequence || got.label != expected.label;
            bool exits = (got.exit_and_flags & record_exited) != 0;
            tally.exits += exits != takes_exit(expected.entropy, 0.5f);
            tally.entropy = std::max(tally.entropy, std::fabs(double(got.entropy) - double(expected.entropy)));
            tally.bits += got.entropy != expected.entropy || got.confidence != expected.confidence ||
                          got.margin != expected.margin;
        }
        session.line("| %s | %d | %d | %d | %.2g | %d |",
                     dtype == logits_f32   ? "f32"
                     : dtype == logits_f16 ? "f16"
                                           : "bf16",
                     tally.vectors, tally.labels, tally.exits, tally.entropy, tally.bits);
        session.expect(tally.labels == 0 && tally.exits == 0 && tally.entropy <= 1e-5,
                       "decisions differ from the CPU's");
    }

    session.line("\n| exit kernel, launch to record seen | mean µs | p50 | p99 |\n|---|---|---|---|");
    for (std::int32_t count : {10, 1000, 4096}) {
        Spread s = measure_us(session.runs, [&] {
            std::uint32_t sequence = ++mailbox->control.sequence;
            ExitArguments a{logits.device(), scores.mapped(), memory.mapped(), 0, logits_f32, count, 1, 0};
            KernelCall::of_exit(kernels->exit, a).launch(*device, stream.get());
            // A look at the stream now and then: a fault ends the stream, and nothing would ever be written.
            for (int reads = 1; __atomic_load_n(&mailbox->exits[0].sequence, __ATOMIC_ACQUIRE) != sequence; ++reads)
                if (reads % 4096 == 0 && driver.stream_query(stream.get()) != cuda_not_ready) {
                    driver.check(driver.stream_query(stream.get()), "exit kernel");
                    break;
                }
        });
        session.line("| %d classes | %.1f | %.1f | %.1f |", count, s.mean, s.p50, s.p99);
        driver.check(driver.stream_synchronize(stream.get()), "exit kernel");
    }
    session.line("%s", "");
}

} // namespace bench
