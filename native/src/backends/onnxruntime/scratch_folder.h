// A folder for data that ONNX Runtime only hands over in files; removed with the object.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace edgeml::ort {

class ScratchFolder {
  public:
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder &) = delete;
    ScratchFolder &operator=(const ScratchFolder &) = delete;

    // UTF-8.
    std::string file(const char *name) const;
    // Reads a file and removes it.
    std::vector<std::byte> take(const char *name) const;

  private:
    std::filesystem::path path_;
};

} // namespace edgeml::ort
