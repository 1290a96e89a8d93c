#include "search.h"
#include "status.h"

#include <algorithm>
#include <cstring>
#include <vector>

using namespace edgeml;

namespace {

// One line: fields between tabs, so a field has neither.
void add_row(std::string &text, std::vector<std::string> fields) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        std::replace_if(
            fields[i].begin(), fields[i].end(), [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
        text += (i == 0 ? "" : "\t") + fields[i];
    }
    text += '\n';
}

std::string inspect(const char *library_path) {
    std::string text;
    trt::Search search = trt::search(library_path, trt::Extent::everywhere);
    std::vector<std::string> row = {"TensorRT", search.choice ? "1" : "0",
                                    search.choice ? trt::to_text(search.choice->version) + " from " +
                                                        search.choice->infer + ", plug-in " + search.choice->plugin
                                                  : std::string("none that can be used")};
    for (const trt::Place &place : search.places)
        row.push_back(place.where + ": " + place.outcome);
    add_row(text, row);
    for (const trt::Place &plugin : trt::plugins())
        add_row(text, {"plug-in", plugin.usable ? "1" : "0", plugin.outcome, plugin.where});
    return text;
}

} // namespace

extern "C" size_t edgeml_inspect_tensorrt(char *text, size_t capacity, const char *library_path) {
    std::string report;
    if (guarded([&] { report = inspect(library_path); }) != EDGEML_OK)
        report = "TensorRT\t0\tcannot be looked for\n";
    if (text != nullptr && capacity > 0) {
        std::size_t length = std::min(report.size(), capacity - 1);
        std::memcpy(text, report.data(), length);
        text[length] = '\0';
    }
    return report.size() + 1;
}
