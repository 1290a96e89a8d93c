#pragma once

#include "onnx_graph.h"
#include "runtime.h"

#include <map>
#include <mutex>
#include <new>

namespace edgeml::ort {

// Tensors that many sessions read in place.
//
// A session takes a tensor at two moments. Loading the graph, optimizers read it: AddExternalInitializers gives them
// the caller's memory instead of a file. Building its state, the session copies every initializer that is left, unless
// AddInitializer names the same memory again; then it keeps the reference. Only both together avoid the copy, and only
// for tensors that no optimizer has replaced. The prepacked container adds one shared copy of the weights that kernels
// repack (Gemm, MatMul).
//
// VGG16 (59 MB of weights) loaded three times, as one session, as four ranges, as 21 units: private memory of all
// three, time of one run, time of making it; one thread, AVX2.
//                              private   one   four  units ms    made in
//     inline weights, ALL       192 MB   12.4  12.3  12.7        323 246 195 ms
//     inline weights, EXTENDED  194 MB   11.0  11.0  11.1        239 170 108 ms
//     shared file, ALL          183 MB   12.5  12.5  12.8        184 138 148 ms
//     shared file, EXTENDED      11 MB   11.0  11.0  11.1         85  64  47 ms
// ALL rewrites the filters of convolutions for the processor (NCHWc), and those copies belong to one session each. It
// pays on small networks with large images (a 96x96 VGG of 16..128 channels: 3.1 against 4.2 ms) and costs on this one,
// so the default is chosen per model, see to_level in network.cpp. Joined sessions get such filters as tensors of the
// model, which they share like all others: the set keeps each content once.
class OrtWeightSet final : public WeightSet {
  public:
    explicit OrtWeightSet(std::shared_ptr<Runtime> runtime);
    ~OrtWeightSet() override;

    void add(const TensorInfo &tensor, const void *data) override;

    // Makes the options take these tensors from here. Throws when one is missing.
    void attach(OrtSessionOptions *options, const std::vector<std::string> &names) const;
    OrtPrepackedWeightsContainer *prepacked() const noexcept { return prepacked_; }

    // Empty where there is none of that name.
    Bytes data_of(std::string_view name) const;

    // The name of the tensor that is the same as one of a model, or that it names as external; empty where there is
    // none.
    std::string find(const Tensor &tensor) const;
    // Copies the data of a model's tensor, to live as long as the set; returns its name here.
    std::string keep(const Tensor &tensor);
    std::uint64_t copied_bytes() const noexcept override;

  private:
    struct Entry {
        TensorInfo info;
        const void *data;
        Owned<OrtValue> value;
    };
    static constexpr std::size_t slab_bytes = std::size_t{2} << 20;
    struct Freed {
        void operator()(void *block) const noexcept { ::operator delete(block, std::align_val_t(slab_bytes)); }
    };

    void *room(std::size_t bytes);
    void insert(const TensorInfo &tensor, const void *data);
    bool is_same(const Entry &entry, const Tensor &tensor) const noexcept;

    const std::shared_ptr<Runtime> runtime_;
    OrtPrepackedWeightsContainer *prepacked_ = nullptr;
    mutable std::mutex gate_;
    std::vector<std::unique_ptr<void, Freed>> blocks_; // of the copies
    std::byte *next_ = nullptr;                        // room left in the last block
    std::size_t left_ = 0;
    std::uint64_t copied_bytes_ = 0;
    std::map<std::string, Entry, std::less<>> tensors_;
    std::vector<const Entry *> copies_;
};

} // namespace edgeml::ort
