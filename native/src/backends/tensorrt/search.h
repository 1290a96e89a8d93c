// The search for TensorRT and its findings.
#pragma once

#include "plugin.h"

#include <optional>
#include <string>
#include <vector>

namespace edgeml::trt {

// One place and its finding, in words.
struct Place {
    std::string where;
    std::string outcome;
    bool usable = false;
};

// A TensorRT and the plug-in of its major.
struct Choice {
    std::string infer;
    std::string parser; // empty: existing plans run, nothing can be built
    std::string plugin;
    const edgeml_trt_plugin *table = nullptr;
    edgeml_trt_version version{};
};

struct Search {
    std::vector<Place> places;
    std::optional<Choice> choice; // the first that is usable

    // "folder: outcome; folder: outcome"
    std::string text() const;
};

// `folder`, else EDGEML_TENSORRT_DIR: then nowhere else. Without them: beside this library, the loader's own search,
// and where Python's packages of TensorRT lie. The plug-in is beside this library or in EDGEML_TENSORRT_PLUGINS. The
// newer major comes first in every place.
enum class Extent { first_usable, everywhere }; // a library that is looked at stays loaded: two are one too many
Search search(const char *folder, Extent extent);

// The plug-ins, one place per major, the newer first.
std::vector<Place> plugins();

std::string to_text(const edgeml_trt_version &version);

} // namespace edgeml::trt
