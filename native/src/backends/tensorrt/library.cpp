#include "library.h"

#include "log_hub.h"

#include <map>
#include <mutex>

namespace edgeml::trt {

std::shared_ptr<const Library> Library::join(const Choice &choice, std::shared_ptr<const cuda::Device> device) {
    static std::mutex gate;
    static std::map<std::pair<std::string, int>, std::weak_ptr<const Library>> alive;
    std::lock_guard lock(gate);
    auto &place = alive[{choice.infer, device->ordinal}];
    std::shared_ptr<const Library> library = place.lock();
    if (!library) {
        library = std::make_shared<const Library>(choice, std::move(device));
        place = library;
    }
    return library;
}

Library::Library(Choice given, std::shared_ptr<const cuda::Device> on)
    : choice(std::move(given)), device(std::move(on)) {
    std::lock_guard lock(cuda::Device::capture_lock()); // it may synchronise
    cuda::Current current(*device);
    edgeml_trt_error error{};
    check(table.runtime_open(&runtime, choice.infer.c_str(), choice.parser.empty() ? nullptr : choice.parser.c_str(),
                             log_to_all, nullptr, &error),
          error);
}

Library::~Library() {
    if (device->is_given_up()) {
        cuda::Device::keep(reinterpret_cast<std::uint64_t>(runtime));
        return;
    }
    cuda::Releasing scope(*device);
    table.runtime_close(runtime);
}

void Library::check(edgeml_status status, const edgeml_trt_error &error) const {
    if (status != EDGEML_OK)
        throw Error(status, error.text);
}

} // namespace edgeml::trt
