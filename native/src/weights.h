#pragma once

#include "context.h"

#include <utility>

struct edgeml_weights final : edgeml::Object {
    edgeml_weights(edgeml_context *owner, edgeml_released_fn callback, void *argument)
        : context(owner), set(owner->backend->make_weights()), released(callback), user(argument) {}

    ~edgeml_weights() override {
        set.reset(); // nothing reads the data after this
        if (released != nullptr)
            released(user);
    }

    const edgeml::Ref<edgeml_context> context;
    std::unique_ptr<edgeml::WeightSet> set;
    const edgeml_released_fn released;
    void *const user;
};
