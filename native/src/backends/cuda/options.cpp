#include "backends/cuda/chain.h"

#include <charconv>
#include <cstdlib>

namespace edgeml::cuda {

const char *route_name(Route route) noexcept {
    switch (route) {
    case Route::device:
        return "A";
    case Route::stages:
        return "B";
    case Route::streams:
        return "C";
    default:
        return "auto";
    }
}

ChainOptions ChainOptions::from_environment() {
    ChainOptions options;
    auto read = [](const char *name) {
        const char *text = std::getenv(name);
        return std::string(text != nullptr ? text : "");
    };
    std::string route = read("EDGEML_CUDA_ROUTE"), wait = read("EDGEML_CUDA_WAIT");
    if (route == "A")
        options.route = Route::device;
    else if (route == "B")
        options.route = Route::stages;
    else if (route == "C")
        options.route = Route::streams;
    else if (!route.empty() && route != "auto")
        reject("EDGEML_CUDA_ROUTE is " + route + ", known are auto, A, B, C");
    if (wait == "spin")
        options.wait = Wait::spin;
    else if (wait == "block")
        options.wait = Wait::block;
    else if (!wait.empty() && wait != "hybrid")
        reject("EDGEML_CUDA_WAIT is " + wait + ", known are hybrid, spin, block");
    if (std::string limit = read("EDGEML_CUDA_LIMIT_MS"); !limit.empty()) {
        const char *end = limit.data() + limit.size();
        auto [stopped, error] = std::from_chars(limit.data(), end, options.limit_ms);
        if (error != std::errc() || stopped != end)
            reject("EDGEML_CUDA_LIMIT_MS is " + limit + ", milliseconds or 0 are meant");
    }
    return options;
}

} // namespace edgeml::cuda
