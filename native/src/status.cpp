#include "status.h"

#include "object.h"

#include <algorithm>
#include <cstring>

namespace edgeml {

namespace {
// Fixed, so that reporting "out of memory" needs none.
thread_local char last_error[2048];
} // namespace

void clear_last_error() noexcept {
    last_error[0] = '\0';
}

edgeml_status fail(edgeml_status status, const char *text) noexcept {
    std::size_t length = std::min(std::strlen(text), sizeof last_error - 1);
    // One line, and no UTF-8 sequence cut in the middle.
    while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xc0) == 0x80)
        --length;
    for (std::size_t i = 0; i < length; ++i)
        last_error[i] = text[i] == '\n' || text[i] == '\r' ? ' ' : text[i];
    while (length > 0 && last_error[length - 1] == ' ')
        --length;
    last_error[length] = '\0';
    return status;
}

} // namespace edgeml

extern "C" {

uint32_t edgeml_abi_version(void) {
    return EDGEML_ABI_VERSION;
}

const char *edgeml_status_name(edgeml_status status) {
    switch (status) {
    case EDGEML_OK:
        return "EDGEML_OK";
    case EDGEML_E_INVALID_ARGUMENT:
        return "EDGEML_E_INVALID_ARGUMENT";
    case EDGEML_E_STRUCT_SIZE:
        return "EDGEML_E_STRUCT_SIZE";
    case EDGEML_E_BACKEND_MISSING:
        return "EDGEML_E_BACKEND_MISSING";
    case EDGEML_E_BACKEND_VERSION:
        return "EDGEML_E_BACKEND_VERSION";
    case EDGEML_E_MODEL_REJECTED:
        return "EDGEML_E_MODEL_REJECTED";
    case EDGEML_E_UNSUPPORTED:
        return "EDGEML_E_UNSUPPORTED";
    case EDGEML_E_MISMATCH:
        return "EDGEML_E_MISMATCH";
    case EDGEML_E_BUSY:
        return "EDGEML_E_BUSY";
    case EDGEML_E_OUT_OF_MEMORY:
        return "EDGEML_E_OUT_OF_MEMORY";
    case EDGEML_E_RUN_FAILED:
        return "EDGEML_E_RUN_FAILED";
    case EDGEML_E_DEVICE_LOST:
        return "EDGEML_E_DEVICE_LOST";
    case EDGEML_E_CANCELLED:
        return "EDGEML_E_CANCELLED";
    case EDGEML_E_INTERNAL:
        return "EDGEML_E_INTERNAL";
    default:
        return "unknown";
    }
}

size_t edgeml_last_error(char *text, size_t capacity) {
    std::size_t needed = std::strlen(edgeml::last_error) + 1;
    if (text != nullptr && capacity > 0) {
        std::size_t length = std::min(needed, capacity) - 1;
        std::memcpy(text, edgeml::last_error, length);
        text[length] = '\0';
    }
    return needed;
}

uint64_t edgeml_live_objects(void) {
    return edgeml::Object::live();
}
}
