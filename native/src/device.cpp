#include "backends/cuda/chain.h"
#include "versioned.h"

using namespace edgeml;

namespace {
template <std::size_t N> void copy_text(char (&to)[N], const std::string &text) {
    std::memcpy(to, text.data(), std::min(text.size(), N - 1));
}
} // namespace

extern "C" {

edgeml_status edgeml_device_probe(edgeml_device_info *out_info, int32_t device, const char *driver_path) {
    return guarded([&] {
        std::uint32_t size = out_struct_size(out_info, sizeof(edgeml_device_info), "out_info");
        write_struct(out_info, edgeml_device_info{}, size);
        auto opened = std::make_shared<const cuda::Device>(cuda::Driver::open(driver_path), device);
        cuda::Chain::Report report = cuda::probe_route(opened, cuda::ChainOptions::from_environment());
        edgeml_device_info info{};
        info.flags = opened->integrated ? EDGEML_DEVICE_INTEGRATED : 0;
        info.driver_version = static_cast<std::uint32_t>(opened->driver->version);
        info.compute_major = static_cast<std::uint32_t>(opened->compute_major);
        info.compute_minor = static_cast<std::uint32_t>(opened->compute_minor);
        info.processors = static_cast<std::uint32_t>(opened->sm_count);
        info.route = static_cast<std::uint32_t>(report.route);
        info.bytes = opened->bytes;
        copy_text(info.name, opened->name);
        copy_text(info.pci_bus_id, opened->pci_bus_id);
        copy_text(info.driver_path, opened->driver->path);
        copy_text(info.route_note, report.note);
        write_struct(out_info, info, size);
    });
}
}
