#include "messages.h"

#include "guard.h"

#include <algorithm>
#include <cstring>

namespace edgeml::trt {

edgeml_status report(edgeml_trt_error *error, edgeml_status status, const char *text) noexcept {
    if (error != nullptr) {
        std::size_t length = std::min(std::strlen(text), sizeof error->text - 1);
        std::memcpy(error->text, text, length);
        error->text[length] = '\0';
    }
    return status;
}

Logger &Logger::instance() {
    static Logger *logger = new Logger;
    return *logger;
}

void Logger::join(edgeml_log_fn log, void *user) {
    std::lock_guard lock(gate_);
    ++listeners_;
    log_ = log;
    user_ = user;
}

void Logger::leave() {
    std::lock_guard lock(gate_);
    if (--listeners_ == 0)
        log_ = nullptr;
}

void Logger::log(Severity severity, nvinfer1::AsciiChar const *text) noexcept {
    if (severity == Severity::kVERBOSE || text == nullptr)
        return; // thousands of lines per build
    int32_t level = severity == Severity::kINFO      ? EDGEML_LOG_INFO
                    : severity == Severity::kWARNING ? EDGEML_LOG_WARNING
                                                     : EDGEML_LOG_ERROR;
    // Held during the call, so that nothing arrives at a receiver that has been taken away.
    std::lock_guard lock(gate_);
    if (log_ != nullptr)
        log_(user_, level, text);
}

Recorder &Recorder::instance() {
    static Recorder *recorder = new Recorder;
    return *recorder;
}

std::string Recorder::take() {
    std::lock_guard lock(gate_);
    std::string text;
    for (int32_t i = 0; i < count_; ++i) {
        if (!text.empty())
            text += "; ";
        text += entries_[i].text;
    }
    count_ = 0;
    overflowed_ = false;
    return text;
}

int32_t Recorder::getNbErrors() const noexcept {
    std::lock_guard lock(gate_);
    return count_;
}

nvinfer1::ErrorCode Recorder::getErrorCode(int32_t index) const noexcept {
    std::lock_guard lock(gate_);
    return index >= 0 && index < count_ ? entries_[index].code : nvinfer1::ErrorCode::kINVALID_ARGUMENT;
}

Recorder::ErrorDesc Recorder::getErrorDesc(int32_t index) const noexcept {
    std::lock_guard lock(gate_);
    return index >= 0 && index < count_ ? entries_[index].text : "";
}

bool Recorder::hasOverflowed() const noexcept {
    std::lock_guard lock(gate_);
    return overflowed_;
}

void Recorder::clear() noexcept {
    std::lock_guard lock(gate_);
    count_ = 0;
    overflowed_ = false;
}

bool Recorder::reportError(nvinfer1::ErrorCode code, ErrorDesc text) noexcept {
    std::lock_guard lock(gate_);
    if (count_ == capacity) {
        overflowed_ = true;
        return false;
    }
    Entry &entry = entries_[count_++];
    entry.code = code;
    std::size_t length = text == nullptr ? 0 : std::min(std::strlen(text), sizeof entry.text - 1);
    if (length > 0)
        std::memcpy(entry.text, text, length);
    entry.text[length] = '\0';
    return false; // TensorRT's own judgement whether this is fatal stands
}

Recorder::RefCount Recorder::incRefCount() noexcept {
    return ++references_;
}

Recorder::RefCount Recorder::decRefCount() noexcept {
    return --references_;
}

std::string explain(const std::string &what) {
    std::string recorded = Recorder::instance().take();
    return recorded.empty() ? what : what + ": " + recorded;
}

} // namespace edgeml::trt
