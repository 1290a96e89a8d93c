#pragma once

#include "context.h"

#include <cstddef>
#include <new>

struct edgeml_buffer final : edgeml::Object {
    edgeml_buffer(edgeml_context *owner, std::uint64_t data_bytes, std::uint64_t headroom_bytes);
    ~edgeml_buffer() override;

    const edgeml::Ref<edgeml_context> context;
    const std::uint64_t bytes;
    const std::uint64_t headroom;
    std::byte *data = nullptr;

  private:
    std::byte *block_ = nullptr;
};
