#include "buffer.h"

#include "status.h"
#include "versioned.h"

#include <new>

using namespace edgeml;

namespace {
constexpr std::align_val_t alignment{EDGEML_BUFFER_ALIGNMENT};

std::uint64_t round_up(std::uint64_t bytes) {
    return (bytes + EDGEML_BUFFER_ALIGNMENT - 1) / EDGEML_BUFFER_ALIGNMENT * EDGEML_BUFFER_ALIGNMENT;
}

class HostMemory final : public Memory {
  public:
    HostMemory(std::uint64_t data_bytes, std::uint64_t headroom_bytes) {
        std::uint64_t front = round_up(headroom_bytes);
        std::size_t total = static_cast<std::size_t>(front + round_up(data_bytes));
        block_ = static_cast<std::byte *>(::operator new(total, alignment));
        std::memset(block_, 0, total);
        data_ = block_ + front;
    }
    HostMemory(const HostMemory &) = delete;
    HostMemory &operator=(const HostMemory &) = delete;
    ~HostMemory() override { ::operator delete(block_, alignment); }

  private:
    std::byte *block_;
};
} // namespace

std::unique_ptr<Memory> Backend::make_memory(std::uint64_t data_bytes, std::uint64_t headroom_bytes) {
    return std::make_unique<HostMemory>(data_bytes, headroom_bytes);
}

extern "C" {

edgeml_status edgeml_buffer_create(edgeml_buffer **out_buffer, edgeml_context *context, uint64_t bytes,
                                   uint64_t headroom) {
    return guarded([&] {
        require(out_buffer, "out_buffer");
        *out_buffer = nullptr;
        require(context, "context");
        if (bytes == 0 || bytes > EDGEML_MAX_BUFFER_BYTES || headroom > EDGEML_MAX_BUFFER_BYTES)
            reject("buffer of " + std::to_string(bytes) + " bytes after " + std::to_string(headroom) +
                   ", limits are 1.." + std::to_string(EDGEML_MAX_BUFFER_BYTES));
        *out_buffer = new edgeml_buffer(context, bytes, headroom);
    });
}

edgeml_status edgeml_buffer_get_view(edgeml_buffer_view *out_view, const edgeml_buffer *buffer) {
    return guarded([&] {
        std::uint32_t size = out_struct_size(out_view, sizeof(edgeml_buffer_view), "out_view");
        require(buffer, "buffer");
        edgeml_buffer_view view{};
        view.data = buffer->data;
        view.bytes = buffer->bytes;
        view.headroom = buffer->headroom;
        write_struct(out_view, view, size);
    });
}

void edgeml_buffer_destroy(edgeml_buffer *buffer) {
    release(buffer);
}
}
