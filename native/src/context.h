#pragma once

#include "backend.h"
#include "compute_place.h"
#include "object.h"

struct edgeml_context final : edgeml::Object {
    explicit edgeml_context(std::shared_ptr<edgeml::Backend> b, std::shared_ptr<const edgeml::ComputePlace> p = nullptr)
        : backend(std::move(b)), place(std::move(p)) {}
    const std::shared_ptr<edgeml::Backend> backend;
    const std::shared_ptr<const edgeml::ComputePlace> place; // null where computing threads stay as they are
};
