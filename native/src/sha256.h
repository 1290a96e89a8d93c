#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace edgeml {

using Sha256 = std::array<std::uint8_t, 32>;
using Sha256State = std::array<std::uint32_t, 8>;

// FIPS 180-4.
Sha256 sha256(std::span<const std::byte> data) noexcept;

// Takes `count` blocks of 64 bytes into the state, with the processor's instructions where it has them.
void absorb(Sha256State &state, const std::uint8_t *blocks, std::size_t count) noexcept;
void absorb_portable(Sha256State &state, const std::uint8_t *blocks, std::size_t count) noexcept;

std::string to_hex(const Sha256 &digest);

} // namespace edgeml
