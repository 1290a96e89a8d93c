#include "world.h"

#include <algorithm>
#include <chrono>

namespace fake {

std::vector<Stream *> &captures_here() {
    thread_local std::vector<Stream *> streams;
    return streams;
}

Stream::Stream() {
    ++World::get().streams;
    thread_ = std::thread([this] { serve(); });
}

Stream::~Stream() {
    {
        std::lock_guard held(lock_);
        closing_ = true;
    }
    changed_.notify_all();
    thread_.join(); // after everything that was submitted
    --World::get().streams;
}

void Stream::serve() {
    std::unique_lock held(lock_);
    for (;;) {
        changed_.wait(held, [this] { return closing_ || !queue_.empty(); });
        if (queue_.empty())
            return;
        std::function<void()> work = std::move(queue_.front());
        queue_.pop_front();
        busy_ = true;
        held.unlock();
        work();
        work = nullptr;
        held.lock();
        busy_ = false;
        changed_.notify_all();
    }
}

void Stream::push(std::function<void()> work) {
    {
        std::lock_guard held(lock_);
        queue_.push_back(std::move(work));
    }
    changed_.notify_all();
}

CUresult Stream::submit(NodeType type, std::function<void()> work) {
    if (capture == nullptr) {
        push([work = std::move(work)] {
            if (World::get().lost == cuda_success)
                work();
        });
        return cuda_success;
    }
    bool refuses = false;
    {
        std::lock_guard held(World::get().lock);
        refuses = World::get().faults.no_capture;
    }
    capture->valid &= !refuses;
    if (!capture->valid)
        return cuda_capture_invalidated;
    capture->graph->add(type, std::move(work));
    return cuda_success;
}

void Stream::drain() {
    std::unique_lock held(lock_);
    changed_.wait(held, [this] { return queue_.empty() && !busy_; });
}

bool Stream::idle() {
    std::lock_guard held(lock_);
    return queue_.empty() && !busy_;
}

} // namespace fake

using namespace fake;

struct CUevent_st {
    struct State {
        std::mutex lock;
        std::condition_variable changed;
        bool pending = false;
        std::chrono::steady_clock::time_point time;
    };
    std::shared_ptr<State> state = std::make_shared<State>();
};

FAKE_ENTRY cuStreamCreate(CUstream *stream, unsigned) {
    CUresult result = enter_outside_capture();
    *stream = result == cuda_success ? new CUstream_st : nullptr;
    return result;
}

FAKE_ENTRY cuStreamDestroy_v2(CUstream stream) {
    delete stream;
    return enter_with_context();
}

FAKE_ENTRY cuStreamQuery(CUstream stream) {
    if (CUresult result = enter_outside_capture(); result != cuda_success)
        return result;
    return stream->idle() ? World::get().lost.load() : cuda_not_ready;
}

FAKE_ENTRY cuStreamSynchronize(CUstream stream) {
    if (CUresult result = enter_outside_capture(); result != cuda_success)
        return result;
    stream->drain();
    return World::get().lost;
}

FAKE_ENTRY cuStreamBeginCapture_v2(CUstream stream, int mode) {
    if (CUresult result = enter_with_context(); result != cuda_success)
        return result;
    if (stream->capture != nullptr || mode != capture_thread_local)
        return cuda_invalid_value;
    stream->capture = std::make_unique<Stream::Capture>();
    captures_here().push_back(stream);
    return cuda_success;
}

FAKE_ENTRY cuStreamEndCapture(CUstream stream, CUgraph *graph) {
    *graph = nullptr;
    std::vector<Stream *> &here = captures_here();
    auto found = std::find(here.begin(), here.end(), static_cast<Stream *>(stream));
    if (found == here.end())
        return cuda_invalid_value;
    here.erase(found);
    std::unique_ptr<Stream::Capture> ended = std::move(stream->capture);
    if (!ended->valid)
        return cuda_capture_invalidated;
    *graph = ended->graph.release();
    return enter_with_context();
}

FAKE_ENTRY cuEventCreate(CUevent *event, unsigned) {
    CUresult result = enter_with_context();
    *event = nullptr;
    if (result == cuda_success) {
        *event = new CUevent_st;
        ++World::get().events;
    }
    return result;
}

FAKE_ENTRY cuEventDestroy_v2(CUevent event) {
    delete event;
    --World::get().events;
    return enter_with_context();
}

FAKE_ENTRY cuEventRecord(CUevent event, CUstream stream) {
    if (CUresult result = enter_with_context(); result != cuda_success)
        return result;
    auto finish = [state = event->state] {
        std::lock_guard held(state->lock);
        state->pending = false;
        state->time = std::chrono::steady_clock::now();
        state->changed.notify_all();
    };
    if (stream->capture != nullptr)
        return stream->submit(NodeType::event_record, finish);
    {
        std::lock_guard held(event->state->lock);
        event->state->pending = true;
    }
    stream->push(finish); // also on a lost device, or its waiter would never wake
    return cuda_success;
}

FAKE_ENTRY cuEventSynchronize(CUevent event) {
    if (CUresult result = enter_with_context(); result != cuda_success)
        return result;
    {
        std::unique_lock held(event->state->lock);
        event->state->changed.wait(held, [&] { return !event->state->pending; });
    }
    return World::get().lost;
}

FAKE_ENTRY cuEventElapsedTime(float *milliseconds, CUevent begin, CUevent end) {
    *milliseconds = std::chrono::duration<float, std::milli>(end->state->time - begin->state->time).count();
    return enter_with_context();
}

FAKE_ENTRY cuLaunchHostFunc(CUstream stream, void (*function)(void *), void *user) {
    if (CUresult result = enter_with_context(); result != cuda_success)
        return result;
    return stream->submit(NodeType::host, [=] { function(user); });
}

extern "C" int edgeml_fake_cuda_launch(CUstream stream, edgeml_fake_kernel_fn kernel, void *user) {
    if (CUresult result = enter_with_context(); result != cuda_success)
        return result;
    return stream->submit(NodeType::kernel, [=] {
        if (begin_kernel())
            kernel(user);
    });
}
