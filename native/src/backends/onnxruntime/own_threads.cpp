#include "own_threads.h"

#include "float_state.h"

#include <future>
#include <thread>

#if defined(__linux__)
#include <pthread.h>
#endif

namespace edgeml::ort {

namespace {

void name_thread() noexcept {
#if defined(__linux__)
    pthread_setname_np(pthread_self(), "edgeml compute");
#endif
}

// A thread must not end by an exception.
std::string take(const ComputePlace *place, std::size_t worker, std::size_t workers) noexcept {
    try {
        return place != nullptr ? place->take(worker, workers) : std::string();
    } catch (...) {
        return "out of memory";
    }
}

} // namespace

void OwnThreads::choose(const Runtime &runtime, OrtSessionOptions *options) {
    if (!setup_.own) {
        runtime.choose_threads(options);
        return;
    }
    const OrtApi &api = runtime.api;
    runtime.check(api.SetSessionLogSeverityLevel(options, ORT_LOGGING_LEVEL_FATAL));
    // Never 0: then ONNX Runtime counts the processors itself and puts a thread on each, whatever the process may use.
    runtime.check(api.SetIntraOpNumThreads(options, static_cast<int>(setup_.threads)));
    runtime.check(api.SetInterOpNumThreads(options, 1));
    runtime.check(api.AddSessionConfigEntry(options, "session.intra_op.allow_spinning", "0"));
    runtime.check(api.SessionOptionsSetCustomCreateThreadFn(options, make));
    runtime.check(api.SessionOptionsSetCustomThreadCreationOptions(options, this));
    runtime.check(api.SessionOptionsSetCustomJoinThreadFn(options, join));
}

OrtCustomThreadHandle OwnThreads::make(void *own, OrtThreadWorkerFn work, void *parameter) {
    auto *self = static_cast<OwnThreads *>(own);
    try {
        std::size_t workers = self->setup_.threads - 1, worker = self->made_++ % workers;
        std::promise<std::string> placed;
        std::future<std::string> fault = placed.get_future();
        auto thread = std::make_unique<std::thread>(
            [placed = std::move(placed), place = self->setup_.place, worker, workers, work, parameter]() mutable {
                FloatState::reset();
                name_thread();
                std::string refused = take(place.get(), worker, workers);
                bool goes_on = refused.empty();
                placed.set_value(std::move(refused));
                if (goes_on)
                    work(parameter);
            });
        self->fault_ = fault.get();
        if (self->fault_.empty())
            return reinterpret_cast<OrtCustomThreadHandle>(thread.release());
        thread->join();
    } catch (const std::exception &e) {
        self->fault_ = e.what();
    }
    return nullptr;
}

void OwnThreads::join(OrtCustomThreadHandle handle) {
    std::unique_ptr<std::thread> thread(reinterpret_cast<std::thread *>(const_cast<OrtCustomHandleType *>(handle)));
    thread->join();
}

} // namespace edgeml::ort
