#include "backends/cuda/mailbox.h"

#include "backends/cuda/wait.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <new>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace edgeml::cuda {

namespace {

constexpr int reads_between_looks = 64;
constexpr auto between_looks = std::chrono::microseconds(50);

void relax() {
#if defined(__x86_64__) || defined(_M_X64)
    _mm_pause();
#elif defined(__aarch64__) && !defined(_MSC_VER)
    asm volatile("yield");
#endif
}

} // namespace

MailboxMemory::MailboxMemory(const std::shared_ptr<const Device> &device, const ChainOptions &options)
    : device_(device), wait_(options.wait), spin_us_(options.spin_us), limit_ms_(options.limit_ms),
      memory_(allocate_pinned(device, sizeof(Mailbox))), mapped_(mapped_pointer(*device, memory_.get())) {
    mailbox_ = new (memory_.get()) Mailbox{};
}

void MailboxMemory::begin(const float *thresholds) noexcept {
    std::copy_n(thresholds, most_exits, mailbox_->control.thresholds);
    sequence_ = sequence_ + 1 == 0 ? 1 : sequence_ + 1;
    // After the thresholds; the launch that follows orders both before the device.
    std::atomic_ref(mailbox_->control.sequence).store(sequence_, std::memory_order_release);
}

bool MailboxMemory::has_arrived(const Record &record) const noexcept {
    // One writer, plain loads: no atomics over the bus.
    return std::atomic_ref(const_cast<std::uint32_t &>(record.sequence)).load(std::memory_order_acquire) == sequence_;
}

const Record &MailboxMemory::wait(const Record &record, CUstream stream) const {
    const Driver &driver = *device_->driver;
    Patience patience(*device_, limit_ms_);
    // Without a look at the stream a fault on the device would be an endless wait; it also flushes what a driver
    // batches.
    auto has_ended = [&] {
        CUresult state = driver.stream_query(stream);
        if (state != cuda_not_ready)
            driver.check(state, "cuStreamQuery");
        return state != cuda_not_ready;
    };
    bool ended = false; // all work is done: the record is there, or never comes
    auto last_look = patience.waited();
    while (wait_ != Wait::block && !ended) {
        for (int i = 0; i < reads_between_looks; ++i) {
            if (has_arrived(record))
                return record;
            relax();
        }
        patience.check();
        if (wait_ == Wait::hybrid && patience.waited() > std::chrono::microseconds(spin_us_))
            break;
        if (patience.waited() - last_look < between_looks)
            continue;
        last_look = patience.waited();
        ended = has_ended();
    }
    while (!ended && !has_arrived(record)) {
        ended = has_ended();
        if (!ended)
            patience.pause();
    }
    if (!has_arrived(record))
        throw Error(EDGEML_E_RUN_FAILED, "the device ended its work without a decision");
    return record;
}

} // namespace edgeml::cuda
