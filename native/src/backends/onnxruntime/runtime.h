// One ONNX Runtime of the process: its environment, thread pool and arena, and the shorthands used here.
#pragma once

#include "library.h"

#include "backend.h"
#include "status.h"

#include <memory>
#include <string>
#include <utility>

namespace edgeml::ort {

class GateDomain;

class Runtime {
  public:
    // Shares the instance that is alive for the same file. The first one fixes threads and spinning; where its context
    // has own threads, there is no pool.
    static std::shared_ptr<Runtime> join(const edgeml_context_desc &desc);

    Runtime(Library library, std::uint32_t threads, bool spins, bool has_pool);
    ~Runtime();
    Runtime(const Runtime &) = delete;
    Runtime &operator=(const Runtime &) = delete;

    const Library library;
    const OrtApi &api = *library.api;
    const std::uint32_t threads;
    const bool spins;
    const bool has_pool; // made for a context that computes on it
    OrtEnv *env = nullptr;
    OrtMemoryInfo *memory = nullptr;
    OrtAllocator *names = nullptr; // owned by ONNX Runtime
    std::unique_ptr<const GateDomain> gates;

    // Whether the environment was there before, made by other code of this process without a pool for all sessions.
    // Then each session has its own pool, of no threads at all where one thread computes.
    bool is_guest() const noexcept { return guest_; }

    // Says which threads a session that is about to be made runs on.
    void choose_threads(OrtSessionOptions *options) const;

    // Makes a session of Identity on one number.
    OrtStatus *create_trial(const OrtSessionOptions *options, OrtSession **out) const;

    // Turns a failed call into an Error of the given status.
    void check(OrtStatus *status, edgeml_status failure = EDGEML_E_INTERNAL) const {
        if (status != nullptr)
            raise(status, failure);
    }

    // A tensor over memory that stays with the caller.
    OrtValue *wrap(const TensorInfo &tensor, void *data) const;

  private:
    bool has_global_pool() const;
    [[noreturn]] void raise(OrtStatus *status, edgeml_status failure) const;
    void release() noexcept;

    bool guest_ = false;
};

// Owns an object that a table entry releases.
template <class T> class Owned {
  public:
    using Release = void(ORT_API_CALL *)(T *);
    explicit Owned(Release release, T *object = nullptr) noexcept : object_(object), release_(release) {}
    Owned(Owned &&other) noexcept : object_(std::exchange(other.object_, nullptr)), release_(other.release_) {}
    Owned &operator=(Owned &&) = delete;
    ~Owned() {
        if (object_ != nullptr)
            release_(object_);
    }
    T *get() const noexcept { return object_; }
    T **out() noexcept { return &object_; }

  private:
    T *object_;
    Release release_;
};

// Types of the header against those of ONNX.
ONNXTensorElementDataType to_onnx_type(std::uint32_t dtype) noexcept;
std::uint32_t from_onnx_type(int type) noexcept;

} // namespace edgeml::ort
