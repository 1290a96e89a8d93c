// How the sessions of one context are made.
#pragma once

#include "compute_place.h"
#include "runtime.h"

#include <memory>

namespace edgeml::ort {

// Any thread.
struct SessionSetup {
    std::uint32_t threads = 1;                 // that compute one operator, the caller included
    bool own = false;                          // instead of the pool that all sessions share
    std::shared_ptr<const ComputePlace> place; // of own threads; null for anywhere
};

} // namespace edgeml::ort
