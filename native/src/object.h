// The base of every handle: counted, so that parents outlive their children whatever the caller destroys first.
#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

namespace edgeml {

class Object {
  public:
    Object() noexcept { s_live.fetch_add(1, std::memory_order_relaxed); }
    Object(const Object &) = delete;
    Object &operator=(const Object &) = delete;

    void retain() const noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
    void release() const noexcept {
        if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1)
            delete this;
    }

    static std::uint64_t live() noexcept { return s_live.load(std::memory_order_relaxed); }

  protected:
    virtual ~Object() { s_live.fetch_sub(1, std::memory_order_relaxed); }

  private:
    mutable std::atomic<std::uint32_t> references_{1};
    static inline std::atomic<std::uint64_t> s_live{0};
};

// Shares an object; null is allowed.
template <class T> class Ref {
  public:
    Ref() noexcept = default;
    explicit Ref(T *object) noexcept : object_(object) {
        if (object_ != nullptr)
            object_->retain();
    }
    Ref(Ref &&other) noexcept : object_(std::exchange(other.object_, nullptr)) {}
    Ref &operator=(Ref &&other) noexcept {
        std::swap(object_, other.object_);
        return *this;
    }
    ~Ref() {
        if (object_ != nullptr)
            object_->release();
    }

    T *get() const noexcept { return object_; }
    T *operator->() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_ != nullptr; }

  private:
    T *object_ = nullptr;
};

inline void release(const Object *object) noexcept {
    if (object != nullptr)
        object->release();
}

} // namespace edgeml
