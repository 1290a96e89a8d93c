// Errors inside the plug-in are exceptions; at its edge they become a status and one line.
#pragma once

#include "../plugin.h"

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

namespace edgeml::trt {

class Failure : public std::runtime_error {
  public:
    Failure(edgeml_status status, const std::string &text) : std::runtime_error(text), status_(status) {}
    edgeml_status status() const noexcept { return status_; }

  private:
    edgeml_status status_;
};

edgeml_status report(edgeml_trt_error *error, edgeml_status status, const char *text) noexcept;

template <class Body> edgeml_status guarded(edgeml_trt_error *error, Body &&body) noexcept {
    try {
        body();
        return EDGEML_OK;
    } catch (const Failure &e) {
        return report(error, e.status(), e.what());
    } catch (const std::bad_alloc &) {
        return report(error, EDGEML_E_OUT_OF_MEMORY, "out of memory");
    } catch (const std::exception &e) {
        return report(error, EDGEML_E_INTERNAL, e.what());
    } catch (...) {
        return report(error, EDGEML_E_INTERNAL, "unknown native exception");
    }
}

} // namespace edgeml::trt
