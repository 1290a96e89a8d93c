// How the sessions of one context are made.
#pragma once

#include "compute_place.h"
#include "provider.h"

#include <memory>

namespace edgeml::ort {

// Any thread.
struct SessionSetup {
    std::uint32_t threads = 1;                 // that compute one operator, the caller included
    bool own = false;                          // instead of the pool that all sessions share
    std::shared_ptr<const ComputePlace> place; // of own threads; null for anywhere
    std::shared_ptr<const Provider> provider;  // null for the processor
};

} // namespace edgeml::ort
