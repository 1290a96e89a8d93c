// Enough of protobuf to read ONNX files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace edgeml {

// Visits the fields of one protobuf message. Bytes that are no message end the visit.
class ProtobufFields {
  public:
    using Bytes = std::span<const std::byte>;
    static constexpr std::uint32_t varint_wire = 0, fixed64_wire = 1, bytes_wire = 2, fixed32_wire = 5;

    explicit ProtobufFields(Bytes message) : rest_(message) {}

    std::uint32_t number = 0;
    std::uint32_t wire = 0;
    std::uint64_t value = 0; // of a varint
    Bytes bytes;             // of a length-delimited or fixed-size field
    Bytes whole;             // with its tag

    bool is_varint(std::uint32_t field) const noexcept { return number == field && wire == varint_wire; }
    bool is_bytes(std::uint32_t field) const noexcept { return number == field && wire == bytes_wire; }

    bool next() {
        Bytes start = rest_;
        if (!read())
            return false;
        whole = start.first(start.size() - rest_.size());
        return true;
    }

    static bool varint(Bytes &from, std::uint64_t &out) {
        out = 0;
        for (std::uint32_t shift = 0; shift < 64 && !from.empty(); shift += 7) {
            std::uint64_t b = static_cast<std::uint64_t>(from.front());
            from = from.subspan(1);
            out |= (b & 0x7f) << shift;
            if ((b & 0x80) == 0)
                return true;
        }
        return false;
    }

  private:
    bool read() {
        std::uint64_t tag = 0;
        if (rest_.empty() || !varint(rest_, tag))
            return false;
        number = static_cast<std::uint32_t>(tag >> 3);
        wire = static_cast<std::uint32_t>(tag & 7);
        switch (wire) {
        case varint_wire:
            return varint(rest_, value);
        case fixed64_wire:
            return take(8);
        case fixed32_wire:
            return take(4);
        case bytes_wire: {
            std::uint64_t length = 0;
            return varint(rest_, length) && take(length);
        }
        default:
            return false;
        }
    }

    bool take(std::uint64_t length) {
        if (length > rest_.size())
            return false;
        bytes = rest_.first(static_cast<std::size_t>(length));
        rest_ = rest_.subspan(static_cast<std::size_t>(length));
        return true;
    }

    Bytes rest_;
};

} // namespace edgeml
