#pragma once

#include "weights.h"

struct edgeml_engine final : edgeml::Object {
    edgeml_engine(edgeml_context *owner, edgeml_weights *shared, std::unique_ptr<edgeml::Network> loaded)
        : context(owner), weights(shared), network(std::move(loaded)) {}

    const edgeml::Ref<edgeml_context> context;
    const edgeml::Ref<edgeml_weights> weights;
    const std::unique_ptr<edgeml::Network> network; // destroyed before the weights it reads
};
