#include "onnx_wire.h"

namespace edgeml::ort {

void Message::add(std::uint32_t field, std::uint64_t value) {
    varint(field << 3 | Fields::varint_wire);
    varint(value);
}

void Message::add(std::uint32_t field, Bytes bytes) {
    varint(field << 3 | Fields::bytes_wire);
    varint(bytes.size());
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void Message::add(std::uint32_t field, std::string_view text) {
    add(field, std::as_bytes(std::span(text.data(), text.size())));
}

void Message::add_whole(Bytes field) {
    bytes_.insert(bytes_.end(), field.begin(), field.end());
}

void Message::varint(std::uint64_t value) {
    for (; value >= 0x80; value >>= 7)
        bytes_.push_back(static_cast<std::byte>(value | 0x80));
    bytes_.push_back(static_cast<std::byte>(value));
}

} // namespace edgeml::ort
