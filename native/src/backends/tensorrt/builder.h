// From an ONNX file to an engine, through the cache.
#pragma once

#include "backend.h"
#include "log_hub.h"
#include "network.h"
#include "plan_cache.h"

namespace edgeml::trt {

class Builder {
  public:
    Builder(std::shared_ptr<const Library> library, PlanCache cache, const LogReceiver &log)
        : library_(std::move(library)), cache_(std::move(cache)), log_(log) {}

    // A plan of the cache if TensorRT takes it, a new one otherwise.
    std::unique_ptr<Network> load(std::span<const std::byte> model, std::uint32_t optimization,
                                  const Progress &progress) const;

    // A plan's dependencies beside the model: one line.
    std::string platform() const;

  private:
    Bytes build(std::span<const std::byte> model, std::int32_t level, const Progress &progress) const;

    const std::shared_ptr<const Library> library_;
    const PlanCache cache_;
    const LogReceiver &log_;
};

} // namespace edgeml::trt
