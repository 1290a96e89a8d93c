// A run of a model at device addresses, as a kernel of the driver's double: what both kinds of doubles enqueue.
#pragma once

#include "world.h"

#include <map>

namespace fake {

inline constexpr std::int64_t scratch_bytes = 1000; // not a multiple of any alignment, on purpose

class Execution {
  public:
    explicit Execution(std::shared_ptr<const Model> model);
    ~Execution();
    Execution(const Execution &) = delete;
    Execution &operator=(const Execution &) = delete;

    void set_scratch(std::uint64_t memory, std::int64_t bytes) noexcept;
    bool set_address(const char *tensor, std::uint64_t memory) noexcept; // false: not aligned

    // Null, or why it was not put on the stream.
    const char *enqueue(CUstream_st *stream) noexcept;

  private:
    void run() const;

    const std::shared_ptr<const Model> model_;
    std::uint64_t scratch_ = 0;
    std::int64_t scratch_bytes_ = 0;
    std::map<std::string, std::uint64_t> addresses_;
};

} // namespace fake
