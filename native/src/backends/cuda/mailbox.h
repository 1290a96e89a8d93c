// The host's side of a chain's mapped memory: writes the control block, waits for records.
#pragma once

#include "backends/cuda/chain.h"
#include "backends/cuda/record.h"

namespace edgeml::cuda {

class MailboxMemory {
  public:
    MailboxMemory(const std::shared_ptr<const Device> &device, const ChainOptions &options);

    // Writes the thresholds of the next run (most_exits of them) and gives it a sequence.
    void begin(const float *thresholds) noexcept;

    // Waits until the device has written `record` for this run. EDGEML_E_DEVICE_LOST when it is lost or takes longer
    // than the limit, EDGEML_E_RUN_FAILED when the stream ends without it.
    const Record &wait(const Record &record, CUstream stream) const;

    const Record &answer() const noexcept { return mailbox_->answer; }
    const Record &exit(std::uint32_t index) const noexcept { return mailbox_->exits[index - 1]; }
    std::uint64_t stamp(std::uint32_t index) const noexcept { return mailbox_->stamps[index]; }
    CUdeviceptr device() const noexcept { return mapped_; }

  private:
    bool has_arrived(const Record &record) const noexcept;

    const std::shared_ptr<const Device> device_;
    const Wait wait_;
    const std::uint32_t spin_us_;
    const std::uint32_t limit_ms_;
    HostMemory memory_;
    Mailbox *mailbox_ = nullptr;
    CUdeviceptr mapped_ = 0;
    std::uint32_t sequence_ = 0;
};

} // namespace edgeml::cuda
