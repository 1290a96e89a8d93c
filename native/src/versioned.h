// Reads and writes structs whose first field is struct_size, so that older and newer callers both work.
#pragma once

#include "status.h"

#include <algorithm>
#include <cstring>
#include <string>

namespace edgeml {

inline constexpr std::uint32_t max_struct_size = 1u << 16;

inline void check_struct_size(std::uint32_t given, std::size_t first_version, const char *name) {
    if (given < first_version || given > max_struct_size)
        throw Error(EDGEML_E_STRUCT_SIZE, std::string(name) + " has struct_size " + std::to_string(given) +
                                              ", expected at least " + std::to_string(first_version));
}

// `first_version` is the size the struct had in ABI 1.0.
template <class Struct> Struct read_struct(const Struct *given, std::size_t first_version, const char *name) {
    require(given, name);
    std::uint32_t size = given->struct_size;
    check_struct_size(size, first_version, name);
    const unsigned char *bytes = reinterpret_cast<const unsigned char *>(given);
    if (size > sizeof(Struct) &&
        std::any_of(bytes + sizeof(Struct), bytes + size, [](unsigned char b) { return b != 0; }))
        throw Error(EDGEML_E_STRUCT_SIZE, std::string(name) + " sets fields of a newer version (" +
                                              std::to_string(size) + " bytes, " + std::to_string(sizeof(Struct)) +
                                              " are known)");
    Struct known{};
    std::memcpy(&known, given, std::min<std::size_t>(size, sizeof(Struct)));
    return known;
}

// Copies `value` into the caller's struct, keeping its struct_size and zeroing fields unknown here.
template <class Struct> void write_struct(Struct *out, const Struct &value, std::uint32_t size) {
    std::memcpy(reinterpret_cast<unsigned char *>(out) + sizeof(std::uint32_t),
                reinterpret_cast<const unsigned char *>(&value) + sizeof(std::uint32_t),
                std::min<std::size_t>(size, sizeof(Struct)) - sizeof(std::uint32_t));
    if (size > sizeof(Struct))
        std::memset(reinterpret_cast<unsigned char *>(out) + sizeof(Struct), 0, size - sizeof(Struct));
}

template <class Struct> std::uint32_t out_struct_size(const Struct *out, std::size_t first_version, const char *name) {
    require(out, name);
    check_struct_size(out->struct_size, first_version, name);
    return out->struct_size;
}

} // namespace edgeml
