// What the parts of the double share: faults, counts, and the way to ONNX Runtime and the driver's double.
#pragma once

#include "edgeml/edgeml.h"
#include "fake_tensorrt.h"

#include "../fake_cuda/fake_cuda.h"

#include <atomic>
#include <memory>
#include <string>
#include <vector>

// Ends the process: a call of something that the double lacks is an error of the caller.
[[noreturn]] void fake_unexpected(const char *function) noexcept;

namespace fake {

// What is wrong with the outputs of every engine that is loaded.
enum class Odd { nothing, host_output, odd_format, open_shape, shape_tensor };

struct World {
    std::atomic<int> refuse_plans{0};
    std::atomic<bool> refuse_build{false};
    std::atomic<Odd> odd{Odd::nothing};
    std::atomic<int> fail_enqueue{0};
    std::atomic<std::uint64_t> builds{0}, engines_loaded{0}, contexts_alive{0}, enqueues{0}, runs{0};
    std::atomic<std::uint64_t> warm_timing_caches{0};

    decltype(&edgeml_fake_cuda_launch) launch = nullptr;
    decltype(&edgeml_fake_cuda_host) host = nullptr;
    edgeml_context *onnxruntime = nullptr;
};

// Lives until the process ends, as TensorRT's own globals do.
World &world();

// An ONNX model ready to run. Throws std::runtime_error with ONNX Runtime's reason.
class Model {
  public:
    explicit Model(std::vector<std::byte> onnx);
    ~Model();
    // The one that is alive for the same bytes, or a new one: plans come and go by the thousand in tests.
    static std::shared_ptr<const Model> share(std::vector<std::byte> onnx);
    Model(const Model &) = delete;
    Model &operator=(const Model &) = delete;

    struct Tensor {
        edgeml_tensor_info info;
        bool is_input;
    };

    const std::vector<std::byte> onnx;
    edgeml_engine *engine = nullptr;
    std::vector<Tensor> tensors; // outputs first, last one leading: callers must not rely on the model's order
    std::uint32_t inputs = 0;
};

} // namespace fake
