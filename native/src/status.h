// Errors inside the library are exceptions; at its edge they become a status and a text of the calling thread.
#pragma once

#include "edgeml/edgeml.h"

#include <new>
#include <stdexcept>
#include <string>

namespace edgeml {

class Error : public std::runtime_error {
  public:
    Error(edgeml_status status, const std::string &text) : std::runtime_error(text), status_(status) {}
    edgeml_status status() const noexcept { return status_; }

  private:
    edgeml_status status_;
};

[[noreturn]] inline void reject(const std::string &text) {
    throw Error(EDGEML_E_INVALID_ARGUMENT, text);
}

inline void require(const void *pointer, const char *name) {
    if (pointer == nullptr)
        reject(std::string(name) + " is null");
}

void clear_last_error() noexcept;
edgeml_status fail(edgeml_status status, const char *text) noexcept;

template <class Body> edgeml_status guarded(Body &&body) noexcept {
    clear_last_error(); // a success never leaves an old text behind
    try {
        body();
        return EDGEML_OK;
    } catch (const Error &e) {
        return fail(e.status(), e.what());
    } catch (const std::bad_alloc &) {
        return fail(EDGEML_E_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception &e) {
        return fail(EDGEML_E_INTERNAL, e.what());
    } catch (...) {
        return fail(EDGEML_E_INTERNAL, "unknown native exception");
    }
}

} // namespace edgeml
