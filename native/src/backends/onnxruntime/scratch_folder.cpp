#include "scratch_folder.h"

#include "status.h"

#include <fstream>
#include <random>

namespace edgeml::ort {

namespace fs = std::filesystem;

ScratchFolder::ScratchFolder() {
    fs::path parent = fs::temp_directory_path();
    std::random_device random;
    do
        path_ = parent / ("edgeml-" + std::to_string(random()) + std::to_string(random()));
    while (!fs::create_directory(path_));
    fs::permissions(path_, fs::perms::owner_all);
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored; // the system clears files that cannot be removed
    fs::remove_all(path_, ignored);
}

std::string ScratchFolder::file(const char *name) const {
    std::u8string path = (path_ / name).u8string();
    return {path.begin(), path.end()};
}

std::vector<std::byte> ScratchFolder::take(const char *name) const {
    fs::path path = path_ / name;
    std::vector<std::byte> bytes(static_cast<std::size_t>(fs::file_size(path)));
    std::ifstream stream(path, std::ios::binary);
    stream.read(reinterpret_cast<char *>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    if (!stream)
        throw Error(EDGEML_E_INTERNAL, "cannot read " + file(name));
    stream.close();
    fs::remove(path);
    return bytes;
}

} // namespace edgeml::ort
