#include "world.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <stdexcept>

void fake_unexpected(const char *function) noexcept {
    std::fprintf(stderr, "the double of TensorRT has no %s\n", function);
    std::abort();
}

namespace fake {

namespace {

[[noreturn]] void give_up(const std::string &why) {
    std::fprintf(stderr, "the double of TensorRT cannot work: %s\n", why.c_str());
    std::abort();
}

World *make() {
    auto *made = new World;
    const char *driver = std::getenv("EDGEML_CUDA_DRIVER");
    void *handle = driver != nullptr ? dlopen(driver, RTLD_NOW | RTLD_LOCAL) : nullptr;
    if (handle == nullptr)
        give_up("EDGEML_CUDA_DRIVER does not name the driver's double");
    made->launch = reinterpret_cast<decltype(made->launch)>(dlsym(handle, "edgeml_fake_cuda_launch"));
    made->host = reinterpret_cast<decltype(made->host)>(dlsym(handle, "edgeml_fake_cuda_host"));
    if (made->launch == nullptr || made->host == nullptr)
        give_up("the driver is not the double");
    edgeml_context_desc desc = {};
    desc.struct_size = sizeof desc;
    if (edgeml_context_create(&made->onnxruntime, &desc) != EDGEML_OK) {
        char text[512];
        edgeml_last_error(text, sizeof text);
        give_up(text);
    }
    return made;
}

int read_faults(World &w, const char *text) {
    w.refuse_plans = 0;
    w.refuse_build = false;
    w.odd = Odd::nothing;
    w.fail_enqueue = 0;
    std::string rest = text == nullptr ? "" : text;
    while (!rest.empty()) {
        std::size_t comma = rest.find(',');
        std::string name = rest.substr(0, comma);
        rest = comma == std::string::npos ? "" : rest.substr(comma + 1);
        std::size_t equals = name.find('=');
        int value = equals == std::string::npos ? 1 : std::atoi(name.c_str() + equals + 1);
        name = name.substr(0, equals);
        if (name == "refuse_plans")
            w.refuse_plans = value;
        else if (name == "refuse_build")
            w.refuse_build = true;
        else if (name == "host_output")
            w.odd = Odd::host_output;
        else if (name == "odd_format")
            w.odd = Odd::odd_format;
        else if (name == "open_shape")
            w.odd = Odd::open_shape;
        else if (name == "shape_tensor")
            w.odd = Odd::shape_tensor;
        else if (name == "fail_enqueue")
            w.fail_enqueue = value;
        else
            return -1;
    }
    return 0;
}

} // namespace

World &world() {
    static World *instance = [] {
        World *made = make();
        read_faults(*made, std::getenv("EDGEML_FAKE_TENSORRT"));
        return made;
    }();
    return *instance;
}

Model::Model(std::vector<std::byte> given) : onnx(std::move(given)) {
    edgeml_engine_desc desc = {};
    desc.struct_size = sizeof desc;
    desc.model = onnx.data();
    desc.model_bytes = onnx.size();
    if (edgeml_engine_create(&engine, world().onnxruntime, nullptr, &desc) != EDGEML_OK) {
        char text[512];
        edgeml_last_error(text, sizeof text);
        throw std::runtime_error(text);
    }
    edgeml_engine_info info = {};
    info.struct_size = sizeof info;
    edgeml_engine_get_info(&info, engine);
    inputs = info.inputs;
    Tensor tensor{};
    tensor.info.struct_size = sizeof tensor.info;
    for (std::uint32_t i = info.outputs; i-- > 0;) {
        edgeml_engine_get_output(&tensor.info, engine, i);
        tensor.is_input = false;
        tensors.push_back(tensor);
    }
    for (std::uint32_t i = 0; i < info.inputs; ++i) {
        edgeml_engine_get_input(&tensor.info, engine, i);
        tensor.is_input = true;
        tensors.push_back(tensor);
    }
}

std::shared_ptr<const Model> Model::share(std::vector<std::byte> onnx) {
    static std::mutex lock;
    static std::map<std::vector<std::byte>, std::weak_ptr<const Model>> alive;
    std::lock_guard held(lock);
    std::erase_if(alive, [](const auto &entry) { return entry.second.expired(); });
    std::shared_ptr<const Model> model = alive[onnx].lock();
    if (model == nullptr) {
        std::vector<std::byte> key = onnx;
        model = std::make_shared<const Model>(std::move(onnx));
        alive[std::move(key)] = model;
    }
    return model;
}

Model::~Model() {
    edgeml_engine_destroy(engine);
}

} // namespace fake

extern "C" {

int edgeml_fake_tensorrt_faults(const char *text) {
    return fake::read_faults(fake::world(), text);
}

void edgeml_fake_tensorrt_count(edgeml_fake_tensorrt_counts *out) {
    fake::World &w = fake::world();
    *out = {w.builds, w.engines_loaded, w.contexts_alive, w.enqueues, w.runs, w.warm_timing_caches};
}
}
