#include "plan_cache.h"

#include <atomic>
#include <cstring>
#include <fstream>

#if defined(_WIN32)
#include <process.h>
#define getpid _getpid
#else
#include <unistd.h>
#endif

namespace edgeml::trt {

namespace {

namespace fs = std::filesystem;

struct Header {
    char magic[8];
    Sha256 key;
    Sha256 data;
    std::uint64_t bytes;
};
static_assert(sizeof(Header) == 80);
constexpr char magic[8] = {'E', 'D', 'G', 'E', 'P', 'L', 'N', '1'};

Sha256 hash(const std::string &text) {
    return sha256(std::as_bytes(std::span(text)));
}

} // namespace

fs::path PlanCache::file(const std::string &key, const char *extension) const {
    return folder_ / (to_hex(hash(key)).substr(0, 32) + extension);
}

std::optional<Bytes> PlanCache::read(const std::string &key, const char *extension) const {
    if (folder_.empty())
        return std::nullopt;
    std::ifstream stream(file(key, extension), std::ios::binary);
    Header header;
    if (!stream.read(reinterpret_cast<char *>(&header), sizeof header) ||
        std::memcmp(header.magic, magic, sizeof magic) != 0 || header.key != hash(key))
        return std::nullopt;
    std::error_code ignored; // then the size is wrong too
    if (fs::file_size(file(key, extension), ignored) != sizeof header + header.bytes)
        return std::nullopt;
    Bytes data(static_cast<std::size_t>(header.bytes));
    if (!stream.read(reinterpret_cast<char *>(data.data()), static_cast<std::streamsize>(data.size())) ||
        sha256(data) != header.data)
        return std::nullopt;
    return data;
}

std::string PlanCache::write(const std::string &key, const char *extension, std::span<const std::byte> data) const {
    if (folder_.empty())
        return {};
    static std::atomic<unsigned> counter{0};
    fs::path place = file(key, extension);
    fs::path beside = place;
    beside.concat(".").concat(std::to_string(getpid())).concat("-").concat(std::to_string(counter++)).concat(".tmp");
    std::error_code cause;
    fs::create_directories(folder_, cause);
    if (cause)
        return "cannot make " + folder_.string() + ": " + cause.message();
    Header header{};
    std::memcpy(header.magic, magic, sizeof magic);
    header.key = hash(key);
    header.data = sha256(data);
    header.bytes = data.size();
    {
        std::ofstream stream(beside, std::ios::binary | std::ios::trunc);
        stream.write(reinterpret_cast<const char *>(&header), sizeof header);
        stream.write(reinterpret_cast<const char *>(data.data()), static_cast<std::streamsize>(data.size()));
        stream.close();
        if (!stream) {
            fs::remove(beside, cause);
            return "cannot write " + beside.string();
        }
    }
    fs::rename(beside, place, cause);
    if (!cause)
        return {};
    std::string text = "cannot write " + place.string() + ": " + cause.message();
    fs::remove(beside, cause);
    return text;
}

void PlanCache::remove(const std::string &key, const char *extension) const {
    std::error_code ignored; // a file that stays is replaced by the next write
    if (!folder_.empty())
        fs::remove(file(key, extension), ignored);
}

} // namespace edgeml::trt
