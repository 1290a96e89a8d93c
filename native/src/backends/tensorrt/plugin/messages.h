// Messages of TensorRT: log lines, and the errors of a failed call.
#pragma once

#include "../plugin.h"
#include "headers.h"

#include <atomic>
#include <mutex>
#include <string>

namespace edgeml::trt {

// TensorRT keeps the first logger it is given for the life of the process, so there is one and it is never destroyed.
class Logger final : public nvinfer1::ILogger {
  public:
    static Logger &instance();

    // Lines go to `log` until every join was followed by a leave; of several, to the one that joined last.
    void join(edgeml_log_fn log, void *user);
    void leave();

    void log(Severity severity, nvinfer1::AsciiChar const *text) noexcept override;

  private:
    std::mutex gate_;
    int listeners_ = 0;
    edgeml_log_fn log_ = nullptr;
    void *user_ = nullptr;
};

// Joined while it lives.
class Listening {
  public:
    Listening(edgeml_log_fn log, void *user) { Logger::instance().join(log, user); }
    ~Listening() { Logger::instance().leave(); }
    Listening(const Listening &) = delete;
    Listening &operator=(const Listening &) = delete;
};

// Errors of the calls since the last take; a fixed number, since TensorRT keeps pointers to the texts. Never destroyed:
// libraries that unload at the end of the process may still hold it.
class Recorder final : public nvinfer1::IErrorRecorder {
  public:
    static Recorder &instance();

    // Forgets and returns everything that was recorded, in one line; empty if nothing was.
    std::string take();

    int32_t getNbErrors() const noexcept override;
    nvinfer1::ErrorCode getErrorCode(int32_t index) const noexcept override;
    ErrorDesc getErrorDesc(int32_t index) const noexcept override;
    bool hasOverflowed() const noexcept override;
    void clear() noexcept override;
    bool reportError(nvinfer1::ErrorCode code, ErrorDesc text) noexcept override;
    RefCount incRefCount() noexcept override;
    RefCount decRefCount() noexcept override;

  private:
    static constexpr int32_t capacity = 8;
    struct Entry {
        nvinfer1::ErrorCode code;
        char text[kMAX_DESC_LENGTH + 1];
    };

    mutable std::mutex gate_;
    Entry entries_[capacity] = {};
    int32_t count_ = 0;
    bool overflowed_ = false;
    std::atomic<RefCount> references_{0};
};

// "what: what TensorRT recorded about it"
std::string explain(const std::string &what);

} // namespace edgeml::trt
