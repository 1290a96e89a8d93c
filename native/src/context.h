#pragma once

#include "backend.h"
#include "object.h"

struct edgeml_context final : edgeml::Object {
    explicit edgeml_context(std::shared_ptr<edgeml::Backend> b) : backend(std::move(b)) {}
    const std::shared_ptr<edgeml::Backend> backend;
};
