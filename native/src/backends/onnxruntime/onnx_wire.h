// Protobuf's wire format, as far as taking apart and writing ONNX files needs it.
#pragma once

#include "protobuf.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace edgeml::ort {

using Fields = ProtobufFields;
using Bytes = Fields::Bytes;

inline std::string_view text(Bytes bytes) noexcept {
    return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

// A message being written, field by field in any order.
class Message {
  public:
    void add(std::uint32_t field, std::uint64_t value);
    void add(std::uint32_t field, Bytes bytes);
    void add(std::uint32_t field, std::string_view text);
    void add(std::uint32_t field, const Message &message) { add(field, message.data()); }
    void add_whole(Bytes field); // as Fields::whole has it

    Bytes data() const noexcept { return bytes_; }
    std::vector<std::byte> take() noexcept { return std::move(bytes_); }

  private:
    void varint(std::uint64_t value);

    std::vector<std::byte> bytes_;
};

} // namespace edgeml::ort
