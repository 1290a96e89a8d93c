// The interface of an inference library. Everything above this line is the same for all of them.
#pragma once

#include "exit_decision/rule.h"
#include "tensor.h"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace edgeml {

class ComputePlace;

// Asked at every gate of a network, on the thread that runs it.
class Gatekeeper {
  public:
    // Whether the run continues after side exit `exit`, whose logits may lie elsewhere than where its output is bound.
    virtual bool pass(std::uint32_t exit, const float *logits) noexcept = 0;

  protected:
    ~Gatekeeper() = default;
};

// A run with every input and output fixed; running again costs as little as the library allows. One thread at a time.
class Binding {
  public:
    virtual ~Binding() = default;
    virtual void run() = 0;
    // Makes the network's first input lie at `data` from now on.
    virtual void read(void *data) = 0;
    // For networks with gates. False when the keeper has ended the run: outputs after that gate are not written.
    virtual bool run(Gatekeeper &) {
        run();
        return true;
    }
};

// The outputs of one run, as they turned out to be.
class Outputs {
  public:
    struct Entry {
        TensorInfo info;
        const void *data = nullptr;
    };
    virtual ~Outputs() = default;
    const std::vector<Entry> &entries() const noexcept { return entries_; }

  protected:
    std::vector<Entry> entries_;
};

// A loaded piece of a network. Any thread.
class Network {
  public:
    struct Slot {
        std::size_t index;
        void *data; // as many bytes as the tensor has, a row
    };
    virtual ~Network() = default;
    // More than one row only where batches().
    virtual std::unique_ptr<Binding> bind(std::span<const Slot> inputs, std::span<const Slot> outputs,
                                          std::uint32_t rows) const = 0;
    virtual std::unique_ptr<Outputs> run_once(std::span<const void *const> inputs) const = 0;

    const std::vector<TensorInfo> &inputs() const noexcept { return inputs_; }
    const std::vector<TensorInfo> &outputs() const noexcept { return outputs_; }
    std::uint64_t resident_bytes() const noexcept { return resident_bytes_; }
    bool has_gates() const noexcept { return has_gates_; }
    // Whether the first dimension of the one input and of every output counts rows; `inputs` and `outputs` describe
    // one.
    bool batches() const noexcept { return batches_; }

  protected:
    std::vector<TensorInfo> inputs_;
    std::vector<TensorInfo> outputs_;
    std::uint64_t resident_bytes_ = 0;
    bool has_gates_ = false;
    bool batches_ = false;
};

// Tensors shared by networks; the data stays with the caller. Any thread.
class WeightSet {
  public:
    virtual ~WeightSet() = default;
    virtual void add(const TensorInfo &tensor, const void *data) = 0;
    // Of tensors that the library has made of those added, for networks to share.
    virtual std::uint64_t copied_bytes() const noexcept { return 0; }
};

// A range of a network on its way into one network with others.
struct Range {
    std::span<const std::byte> model; // puts out the tensor that the next range reads, then the logits of `exit`
    std::uint32_t exit;               // the side exit after it; of the last one it means nothing
};

// The memory of a buffer: data_bytes at data(), headroom before them.
class Memory {
  public:
    virtual ~Memory() = default;
    std::byte *data() const noexcept { return data_; }

  protected:
    std::byte *data_ = nullptr; // aligned to EDGEML_BUFFER_ALIGNMENT, zeroed
};

// Runs the stages of a chain in a backend's own way, instead of one Binding after another. One thread at a time.
class Runner {
  public:
    struct Stage {
        edgeml_stage desc;
        const Network *network; // these four outlive the runner
        const Memory *input;
        const Memory *boundary; // null for a head alone
        const Memory *logits;   // null for a unit alone
    };
    virtual ~Runner() = default;
    virtual void add(const Stage &stage) = 0;
    // For all runs that follow.
    virtual void set_rule(const ExitRule &rule) = 0;
    // first_stage and stage_count have been checked against the stages added. Fills all but struct_size. `input`
    // replaces the first stage's own memory, null for none.
    virtual void run(edgeml_run_result &result, const edgeml_run_desc &desc, const std::byte *input) = 0;
};

// Receives the progress of a load; `tell` may be null.
struct Progress {
    edgeml_progress_fn tell = nullptr;
    void *user = nullptr;
};

// An inference library, loaded. Any thread.
class Backend {
  public:
    virtual ~Backend() = default;
    virtual std::unique_ptr<Memory> make_memory(std::uint64_t data_bytes, std::uint64_t headroom_bytes);
    virtual std::unique_ptr<Runner> make_runner() {
        return nullptr;
    } // null: chains run bindings on the caller's thread
    virtual void describe(edgeml_context_info &info) const = 0;
    virtual std::unique_ptr<WeightSet> make_weights() = 0;
    virtual std::unique_ptr<Network> load(std::span<const std::byte> model, std::uint32_t optimization,
                                          WeightSet *weights, const char *folder, const Progress &progress) = 0;
    // One network for ranges that would run one after the other, decided at gates between them. Throws
    // EDGEML_E_UNSUPPORTED where these ranges, or any with this backend, cannot be joined.
    virtual std::unique_ptr<Network> join(std::span<const Range> ranges, WeightSet &weights, std::uint64_t copy_limit,
                                          std::uint32_t optimization);
};

// Each joins the instance that already serves the same library file.
std::shared_ptr<Backend> make_onnxruntime(const edgeml_context_desc &desc, std::shared_ptr<const ComputePlace> place);
std::shared_ptr<Backend> make_tensorrt(const edgeml_context_desc &desc);

} // namespace edgeml
