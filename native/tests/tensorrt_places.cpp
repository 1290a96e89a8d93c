// Where TensorRT and its plug-in are looked for, what may lie there instead of them, and what can be done without a
// parser.
#include "tensorrt_pipeline.h"

#include <cstdlib>
#include <fstream>

namespace test {

namespace {

constexpr const char *tensorrt = "EDGEML_TENSORRT_DIR", *plugins = "EDGEML_TENSORRT_PLUGINS";

// An environment variable for a scope.
class Setting {
  public:
    Setting(const char *name, const fs::path &value) : name_(name), before_(std::getenv(name)) {
        setenv(name, value.c_str(), 1);
    }
    ~Setting() { setenv(name_, before_.c_str(), 1); }

  private:
    const char *const name_;
    const std::string before_;
};

// The double's file with a version in its name: libnvinfer.so.10.
fs::path infer_library() {
    for (const auto &entry : fs::directory_iterator(std::getenv(tensorrt)))
        if (entry.path().filename().string().rfind("libnvinfer.so.", 0) == 0)
            return entry.path();
    return {};
}

// No context, and one line that names the place and what is wrong there.
void is_missing(const char *setting, const fs::path &place, const std::string &wrong) {
    Setting here(setting, place);
    edgeml_context *context = nullptr;
    EXPECT_FAILURE(open(&context), EDGEML_E_BACKEND_MISSING, place.string());
    EXPECT_FAILURE(open(&context), EDGEML_E_BACKEND_MISSING, wrong);
    EXPECT(context == nullptr);
}

void what_lies_there_instead_is_named() {
    const fs::path infer = infer_library(), other = std::getenv("EDGEML_CUDA_DRIVER");
    const std::string major = infer.extension().string().substr(1), plugin = "libedgeml_trt" + major + ".so";
    is_missing(tensorrt, "/nonexistent/tensorrt", "no libnvinfer.so.11 or libnvinfer.so.10");
    is_missing(plugins, "/nonexistent/plugins", plugin + " is not there");

    Folder folder("places");
    fs::create_directories(folder.path);
    fs::create_symlink(other, folder.path / plugin);
    is_missing(plugins, folder.path, plugin + " is of another build");
    fs::create_symlink(other, folder.path / infer.filename());
    is_missing(tensorrt, folder.path, "is not TensorRT " + major);
    const fs::path damaged = folder.path / "damaged"; // the loader remembers paths
    fs::create_directories(damaged);
    std::ofstream(damaged / infer.filename()) << "no library";
    is_missing(tensorrt, damaged, "cannot be loaded");
}

// TensorRT without its parser, in its own folder.
struct RuntimeAlone {
    Folder folder{"runtime"};
    RuntimeAlone() {
        const fs::path infer = infer_library();
        fs::create_directories(folder.path);
        fs::create_symlink(infer, folder.path / infer.filename());
    }
};

void plans_run_without_a_parser() {
    Folder plans;
    const std::string cache = plans.path.string();
    { Pipeline builds(open_or_exit(cache.c_str())); }
    RuntimeAlone alone;
    Setting here(tensorrt, alone.folder.path);
    edgeml_run_result result;
    {
        Pipeline runs(open_or_exit(cache.c_str()));
        EXPECT_STATUS(runs.run(result, 0.5f, 0), EDGEML_OK);
    }
    edgeml_context *context = open_or_exit();
    edgeml_engine *engine = nullptr;
    EXPECT_FAILURE(load(&engine, context, read_model("unit")), EDGEML_E_BACKEND_MISSING,
                   "no ONNX parser library of TensorRT was found");
    edgeml_context_destroy(context);
}

void a_second_installation_does_not_silence_the_first() {
    Lines lines;
    edgeml_context *first = open_or_exit(nullptr, 0, &lines);
    RuntimeAlone alone;
    {
        Setting here(tensorrt, alone.folder.path);
        edgeml_context_destroy(open_or_exit());
    }
    int before = lines.all;
    edgeml_engine_destroy(load(first, "unit"));
    EXPECT(lines.all > before);
    edgeml_context_destroy(first);
}

void plans_that_cannot_be_kept_cost_a_warning() {
    Folder folder("unwritable");
    std::ofstream(folder.path) << "a file where the folder should be";
    Lines lines;
    edgeml_context *context = open_or_exit(folder.path.c_str(), 0, &lines);
    edgeml_engine *engine = nullptr;
    EXPECT_STATUS(load(&engine, context, read_model("unit")), EDGEML_OK);
    EXPECT(lines.warnings == 2); // the plan, the timing cache
    edgeml_engine_destroy(engine);
    edgeml_context_destroy(context);
}

} // namespace

void tensorrt_place_tests() {
    what_lies_there_instead_is_named();
    plans_run_without_a_parser();
    a_second_installation_does_not_silence_the_first();
    plans_that_cannot_be_kept_cost_a_warning();
}

} // namespace test
