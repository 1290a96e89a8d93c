// Built engines on disk. A plan fits one model, one TensorRT and one kind of GPU, so all of that is in its name.
#pragma once

#include "sha256.h"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace edgeml::trt {

using Bytes = std::vector<std::byte>;

class PlanCache {
  public:
    // An empty folder keeps nothing. It is made when something is written.
    explicit PlanCache(std::filesystem::path folder) : folder_(std::move(folder)) {}

    // Where the file of this key (any text) lies.
    std::filesystem::path file(const std::string &key, const char *extension) const;

    // Nothing if there is no such file, or one that is cut short, damaged or of another key.
    std::optional<Bytes> read(const std::string &key, const char *extension) const;

    // All or nothing: written beside its place and moved there. A failure is not an error of the caller's; the text of
    // the cause comes back, empty for success.
    std::string write(const std::string &key, const char *extension, std::span<const std::byte> data) const;
    void remove(const std::string &key, const char *extension) const;

  private:
    const std::filesystem::path folder_;
};

} // namespace edgeml::trt
