#pragma once

#include "context.h"

#include <cstddef>

struct edgeml_buffer final : edgeml::Object {
    edgeml_buffer(edgeml_context *owner, std::uint64_t data_bytes, std::uint64_t headroom_bytes)
        : context(owner), bytes(data_bytes), headroom(headroom_bytes),
          memory(owner->backend->make_memory(data_bytes, headroom_bytes)), data(memory->data()) {}

    const edgeml::Ref<edgeml_context> context;
    const std::uint64_t bytes;
    const std::uint64_t headroom;
    const std::unique_ptr<edgeml::Memory> memory;
    std::byte *const data;
};
