#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace edgeml {

using Sha256 = std::array<std::uint8_t, 32>;

// FIPS 180-4.
Sha256 sha256(std::span<const std::byte> data) noexcept;

std::string to_hex(const Sha256 &digest);

} // namespace edgeml
