#include "search.h"

#include "dynamic_library.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

namespace edgeml::trt {

namespace {

namespace fs = std::filesystem;

constexpr int majors[] = {11, 10};

#if defined(_WIN32)
std::string infer_name(int major) {
    return "nvinfer_" + std::to_string(major) + ".dll";
}
std::string parser_name(int major) {
    return "nvonnxparser_" + std::to_string(major) + ".dll";
}
std::string plugin_name(int major) {
    return "edgeml_trt" + std::to_string(major) + ".dll";
}
#else
std::string infer_name(int major) {
    return "libnvinfer.so." + std::to_string(major);
}
std::string parser_name(int major) {
    return "libnvonnxparser.so." + std::to_string(major);
}
std::string plugin_name(int major) {
    return "libedgeml_trt" + std::to_string(major) + ".so";
}
#endif

const char *environment(const char *name) {
    const char *value = std::getenv(name);
    return value != nullptr && *value != '\0' ? value : nullptr;
}

// The file itself, or one with more version numbers after its name; empty if there is none.
std::string file_in(const fs::path &folder, const std::string &name) {
    std::error_code ignored; // a folder that cannot be listed holds nothing
    if (fs::exists(folder / name, ignored))
        return (folder / name).string();
    for (const fs::directory_entry &entry : fs::directory_iterator(folder, ignored))
        if (entry.path().filename().string().rfind(name + '.', 0) == 0)
            return entry.path().string();
    return {};
}

// Folders that Python packages bring TensorRT's libraries in.
std::vector<fs::path> python_folders() {
    std::vector<fs::path> parents;
    for (const char *variable : {"VIRTUAL_ENV", "CONDA_PREFIX"})
        if (const char *prefix = environment(variable))
            parents.push_back(fs::path(prefix) / "lib");
#if !defined(_WIN32)
    parents.insert(parents.end(), {"/usr/local/lib", "/usr/lib"});
#endif
    std::vector<fs::path> folders;
    std::error_code ignored;
    for (const fs::path &parent : parents)
        for (const fs::directory_entry &entry : fs::directory_iterator(parent, ignored))
            if (entry.path().filename().string().rfind("python3", 0) == 0)
                for (const char *packages : {"site-packages", "dist-packages"})
                    if (fs::is_directory(entry.path() / packages / "tensorrt_libs", ignored))
                        folders.push_back(entry.path() / packages / "tensorrt_libs");
    std::sort(folders.rbegin(), folders.rend());
    return folders;
}

// The table of the plug-in, or null with the reason.
const edgeml_trt_plugin *open_plugin(int major, std::string &path, std::string &cause) {
    const char *chosen = environment("EDGEML_TENSORRT_PLUGINS");
    path = ((chosen != nullptr ? fs::path(chosen) : own_folder()) / plugin_name(major)).string();
    std::error_code ignored;
    if (!fs::exists(path, ignored)) {
        cause = "its plug-in " + path + " is not there";
        return nullptr;
    }
    void *handle = open_library(path, cause);
    if (handle == nullptr)
        return nullptr;
    auto entry = reinterpret_cast<edgeml_trt_entry_fn>(find_symbol(handle, EDGEML_TRT_ENTRY));
    const edgeml_trt_plugin *table = entry != nullptr ? entry() : nullptr;
    if (table == nullptr || table->abi != EDGEML_TRT_ABI || table->header_version.major != major) {
        cause = "plug-in " + path + " is of another build";
        return nullptr;
    }
    return table;
}

std::optional<edgeml_trt_version> version_of(void *infer) {
    edgeml_trt_version version{};
    std::pair<const char *, std::int32_t *> parts[] = {{"getInferLibMajorVersion", &version.major},
                                                       {"getInferLibMinorVersion", &version.minor},
                                                       {"getInferLibPatchVersion", &version.patch},
                                                       {"getInferLibBuildVersion", &version.build}};
    for (auto &[symbol, number] : parts) {
        auto get = reinterpret_cast<std::int32_t (*)()>(find_symbol(infer, symbol));
        if (get == nullptr)
            return std::nullopt;
        *number = get();
    }
    return version;
}

// Looks at one major in one place: an empty folder means the loader's own search. False: nothing is there at all.
bool look(const fs::path &folder, int major, Search &result) {
    Choice choice;
    choice.infer = folder.empty() ? infer_name(major) : file_in(folder, infer_name(major));
    Place place{folder.empty() ? "the loader's path" : folder.string(), {}, false};
    if (choice.infer.empty())
        return false;
    std::string cause;
    void *handle = open_library(choice.infer, cause);
    if (handle == nullptr) {
        if (folder.empty())
            return false;
        place.outcome = choice.infer + " cannot be loaded: " + cause;
        result.places.push_back(place);
        return true;
    }
    std::optional<edgeml_trt_version> version = version_of(handle);
    if (!version || version->major != major) {
        place.outcome = choice.infer + " is not TensorRT " + std::to_string(major);
        result.places.push_back(place);
        return true;
    }
    choice.version = *version;
    place.outcome = "TensorRT " + to_text(*version);
    choice.table = open_plugin(major, choice.plugin, cause);
    if (choice.table == nullptr) {
        place.outcome += ", but " + cause;
    } else if (version->minor < choice.table->header_version.minor) {
        place.outcome += ", but " + choice.plugin + " needs " + to_text(choice.table->header_version) + " or later";
    } else {
        choice.parser = folder.empty() ? parser_name(major) : file_in(folder, parser_name(major));
        if (choice.parser.empty() || open_library(choice.parser, cause) == nullptr) {
            choice.parser.clear();
            place.outcome += " without " + parser_name(major) + ", so nothing can be built";
        }
        place.usable = true;
        if (!result.choice)
            result.choice = choice;
    }
    result.places.push_back(place);
    return true;
}

void look(const fs::path &folder, Extent extent, Search &result) {
    bool any = false;
    for (int major : majors) {
        if (result.choice && extent == Extent::first_usable)
            return;
        any |= look(folder, major, result);
    }
    if (!any)
        result.places.push_back({folder.empty() ? "the loader's path" : folder.string(),
                                 "no " + infer_name(majors[0]) + " or " + infer_name(majors[1]), false});
}

} // namespace

std::string to_text(const edgeml_trt_version &v) {
    return std::to_string(v.major) + '.' + std::to_string(v.minor) + '.' + std::to_string(v.patch) + '.' +
           std::to_string(v.build);
}

std::string Search::text() const {
    std::string all;
    for (const Place &place : places)
        all += (all.empty() ? "" : "; ") + place.where + ": " + place.outcome;
    return all;
}

Search search(const char *folder, Extent extent) {
    Search result;
    const char *chosen = folder != nullptr && *folder != '\0' ? folder : environment("EDGEML_TENSORRT_DIR");
    if (chosen != nullptr) {
        look(chosen, extent, result);
        return result;
    }
    result.places.push_back({"EDGEML_TENSORRT_DIR", "not set", false});
    if (fs::path beside = own_folder(); !beside.empty())
        look(beside, extent, result);
    look({}, extent, result);
    std::vector<fs::path> python = python_folders();
    for (const fs::path &packages : python)
        look(packages, extent, result);
    if (python.empty())
        result.places.push_back({"Python's packages", "no tensorrt_libs", false});
    return result;
}

std::vector<Place> plugins() {
    std::vector<Place> found;
    for (int major : majors) {
        Place place;
        std::string cause;
        const edgeml_trt_plugin *table = open_plugin(major, place.where, cause);
        place.usable = table != nullptr;
        place.outcome = "for TensorRT " + std::to_string(major) + ": " +
                        (place.usable ? "works with " + to_text(table->header_version) + " and later" : cause);
        found.push_back(place);
    }
    return found;
}

} // namespace edgeml::trt
