// Kernels by name: the arithmetic of kernels.h on the CPU. A module is read as text for the names and parameters of its
// entries, so that a text and what the library calls cannot drift apart.
#include "backends/cuda/kernels.h"
#include "layers.h"
#include "ptx.h"
#include "world.h"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

namespace fake {

using edgeml::decide;
using edgeml::Decision;
using edgeml::lanes_for;

namespace {

using Parameters = std::vector<std::vector<std::byte>>;

std::uint64_t nanoseconds() {
    return static_cast<std::uint64_t>(
        std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
}

template <class T> T parameter(const Parameters &parameters, std::size_t index = 0) {
    T value;
    std::memcpy(&value, parameters[index].data(), sizeof value);
    return value;
}

// Null, and the device lost, when a kernel follows a wild pointer.
template <class T> T *follow(std::uint64_t pointer, std::size_t count = 1) {
    void *host = host_of(pointer, count * sizeof(T));
    if (host == nullptr)
        lose(cuda_illegal_address);
    return static_cast<T *>(host);
}

void write_payload(Record *to, const Record &from) {
    std::memcpy(reinterpret_cast<char *>(to) + sizeof to->sequence,
                reinterpret_cast<const char *>(&from) + sizeof to->sequence, 32 - sizeof to->sequence);
}

void release_sequence(Record *to, std::uint32_t sequence) {
    std::atomic_ref(to->sequence).store(sequence, std::memory_order_release);
}

void decide_exit(const Parameters &parameters, unsigned grid, unsigned block, bool conditional) {
    auto a = parameter<ExitArguments>(parameters);
    if (grid != 1 || block != static_cast<unsigned>(lanes_for(a.classes)) || a.exit_index - 1 >= most_exits)
        return lose(launch_failed);
    std::size_t classes = static_cast<std::size_t>(a.classes);
    auto *mailbox = follow<Mailbox>(a.mailbox);
    auto *scores = follow<float>(a.scores, classes);
    void *logits = a.dtype == logits_f32 ? static_cast<void *>(follow<float>(a.logits, classes))
                                         : follow<std::uint16_t>(a.logits, classes);
    if (mailbox == nullptr || scores == nullptr || logits == nullptr)
        return;
    float threshold = mailbox->control.thresholds[a.exit_index - 1];
    std::uint32_t sequence = mailbox->control.sequence;
    for (std::int32_t i = 0; i < a.classes; ++i)
        scores[i] = load_logit(logits, a.dtype, i);
    Decision decision = decide(scores, a.classes);
    Record record = record_of(decision, a, threshold, nanoseconds());
    Record *own = &mailbox->exits[a.exit_index - 1];
    write_payload(own, record);
    if (ends_run(record))
        write_payload(&mailbox->answer, record);
    release_sequence(own, sequence);
    if (ends_run(record))
        release_sequence(&mailbox->answer, sequence);
    if (conditional)
        set_condition(a.handle, ends_run(record) ? 0 : 1);
}

void publish(const Parameters &parameters, unsigned grid, unsigned block) {
    auto a = parameter<PublishArguments>(parameters);
    auto *mailbox = follow<Mailbox>(a.mailbox);
    if (grid != 1 || block != 1 || mailbox == nullptr)
        return lose(launch_failed);
    write_payload(&mailbox->answer, record_of_cut(nanoseconds()));
    release_sequence(&mailbox->answer, mailbox->control.sequence);
}

void stamp(const Parameters &parameters, unsigned grid, unsigned block) {
    auto a = parameter<StampArguments>(parameters);
    auto *mailbox = follow<Mailbox>(a.mailbox);
    if (grid != 1 || block != 1 || mailbox == nullptr || a.index >= most_stamps)
        return lose(launch_failed);
    mailbox->stamps[a.index] = nanoseconds();
}

// Of benchmarks/gpu: 3 x + 1, then as long as asked.
void stand_in(const Parameters &parameters, unsigned, unsigned) {
    auto begin = std::chrono::steady_clock::now();
    auto count = parameter<std::uint64_t>(parameters, 2);
    auto *in = follow<float>(parameter<std::uint64_t>(parameters, 0), count);
    auto *out = follow<float>(parameter<std::uint64_t>(parameters, 1), count);
    for (std::uint64_t i = 0; in != nullptr && out != nullptr && i < count; ++i)
        out[i] = 3 * in[i] + 1;
    std::this_thread::sleep_until(begin + std::chrono::nanoseconds(parameter<std::uint64_t>(parameters, 3)));
}

// Layers of benchmarks/gpu, all of an output at once.
template <class Arguments, class Output>
void layer(const Arguments &a, unsigned grid, unsigned block, Output &&output) {
    std::int32_t count = bench::outputs_of(a);
    auto *out = follow<float>(a.out, static_cast<std::size_t>(count));
    if (std::uint64_t{grid} * block < static_cast<std::uint64_t>(count))
        return lose(launch_failed);
    for (std::int32_t i = 0; out != nullptr && i < count; ++i)
        out[i] = output(i);
}

void conv(const Parameters &parameters, unsigned grid, unsigned block) {
    auto a = parameter<bench::ConvArguments>(parameters);
    auto inputs = static_cast<std::size_t>(a.in_channels) * static_cast<std::size_t>(a.in_height * a.in_width);
    auto filters =
        static_cast<std::size_t>(a.out_channels * a.in_channels) * static_cast<std::size_t>(a.kernel * a.kernel);
    auto *in = follow<float>(a.in, inputs), *weights = follow<float>(a.weights, filters);
    auto *bias = follow<float>(a.bias, static_cast<std::size_t>(a.out_channels));
    if (in != nullptr && weights != nullptr && bias != nullptr)
        layer(a, grid, block, [&](std::int32_t i) { return bench::output_at(a, in, weights, bias, i); });
}

void pool(const Parameters &parameters, unsigned grid, unsigned block) {
    auto a = parameter<bench::PoolArguments>(parameters);
    auto *in = follow<float>(a.in, static_cast<std::size_t>(a.channels * a.in_height * a.in_width));
    if (in != nullptr)
        layer(a, grid, block, [&](std::int32_t i) { return bench::output_at(a, in, i); });
}

void scale(const Parameters &parameters, unsigned grid, unsigned block) {
    auto a = parameter<bench::ScaleArguments>(parameters);
    auto *in = follow<float>(a.in, static_cast<std::size_t>(a.count));
    if (in != nullptr)
        layer(a, grid, block, [&](std::int32_t i) { return bench::output_at(a, in, i); });
}

// The sizes of an entry's parameters, from the text between its name and the closing parenthesis.
std::vector<std::size_t> parameter_sizes(const std::string &text) {
    std::vector<std::size_t> sizes;
    for (std::size_t at = text.find(".param"); at != std::string::npos; at = text.find(".param", at + 1)) {
        std::string line = text.substr(at, text.find_first_of(",)\n", at) - at);
        std::size_t bracket = line.find('[');
        sizes.push_back(bracket != std::string::npos           ? std::stoul(line.substr(bracket + 1))
                        : line.find("64") != std::string::npos ? 8
                                                               : 4);
    }
    return sizes;
}

// From the text. A text that it cannot read is a mistake in the test.
std::function<void(const Parameters &, unsigned, unsigned)> interpreted(const std::string &text,
                                                                        const std::string &name) {
    return [program = ptx::parse(text, name)](const Parameters &parameters, unsigned grid, unsigned block) {
        try {
            ++World::get().interpreted;
            for (unsigned index = 0; index < grid; ++index)
                ptx::run(program, parameters[0], block, index);
        } catch (const std::exception &e) {
            std::fprintf(stderr, "PTX: %s\n", e.what());
            lose(launch_failed);
        }
    };
}

} // namespace

const Function *find_kernel(const std::string &name) {
    static const std::map<std::string, Function> kernels = {
        {"edgeml_exit",
         {{sizeof(ExitArguments)}, [](auto &p, unsigned g, unsigned b) { decide_exit(p, g, b, false); }}},
        {"edgeml_exit_conditional",
         {{sizeof(ExitArguments)}, [](auto &p, unsigned g, unsigned b) { decide_exit(p, g, b, true); }}},
        {"edgeml_publish", {{sizeof(PublishArguments)}, publish}},
        {"edgeml_stamp", {{sizeof(StampArguments)}, stamp}},
        {"edgeml_standin", {{8, 8, 8, 8}, stand_in}},
        {"edgeml_conv", {{sizeof(bench::ConvArguments)}, conv}},
        {"edgeml_pool", {{sizeof(bench::PoolArguments)}, pool}},
        {"edgeml_scale", {{sizeof(bench::ScaleArguments)}, scale}},
    };
    auto found = kernels.find(name);
    return found != kernels.end() ? &found->second : nullptr;
}

Module::Module() {
    ++World::get().modules;
}

Module::~Module() {
    --World::get().modules;
}

} // namespace fake

using namespace fake;

FAKE_ENTRY cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned count, int *options, void **values) {
    *module = nullptr;
    if (CUresult result = enter_outside_capture(); result != cuda_success)
        return result;
    std::string text = static_cast<const char *>(image);
    World &world = World::get();
    bool refused, interprets;
    {
        std::lock_guard held(world.lock);
        interprets = world.faults.interpret;
        refused = world.faults.bad_ptx ||
                  (world.faults.version < 12030 && text.find("cudaGraphSetConditional") != std::string::npos);
    }
    auto made = std::make_unique<CUmod_st>();
    constexpr const char *entry = ".entry ";
    for (std::size_t at = text.find(entry); at != std::string::npos; at = text.find(entry, at + 1)) {
        std::size_t begin = at + std::strlen(entry), open = text.find('(', begin), close = text.find(')', open);
        std::string name = text.substr(begin, open - begin);
        const Function *known = find_kernel(name);
        refused |= known == nullptr || known->parameters != parameter_sizes(text.substr(open, close + 1 - open));
        if (known == nullptr)
            continue;
        Function &function = made->functions[name] = *known;
        if (interprets && known->parameters.size() == 1) // one struct, as the exit modules have it
            function.run = interpreted(text, name);
    }
    if (refused || text.find(".version") == std::string::npos || made->functions.empty()) {
        for (unsigned i = 0; i + 1 < count; ++i)
            if (options[i] == 5 && options[i + 1] == 6) // error log, its size
                std::strncpy(static_cast<char *>(values[i]), "refused by the double",
                             reinterpret_cast<std::size_t>(values[i + 1]) - 1);
        return cuda_invalid_ptx;
    }
    *module = made.release();
    return cuda_success;
}

FAKE_ENTRY cuModuleUnload(CUmodule module) {
    delete module;
    return enter_with_context();
}

FAKE_ENTRY cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name) {
    auto found = module->functions.find(name);
    *function = found != module->functions.end() ? &found->second : nullptr;
    return *function != nullptr ? enter_with_context() : cuda_not_found;
}

namespace {

// The parameters are copied, as a driver does, so that the caller's may change; the kernel outlives its module here.
std::function<void()> work_of(CUfunction function, unsigned grid, unsigned block, void **parameters) {
    Parameters copies;
    for (std::size_t i = 0; i < function->parameters.size(); ++i) {
        auto *bytes = static_cast<const std::byte *>(parameters[i]);
        copies.emplace_back(bytes, bytes + function->parameters[i]);
    }
    return [run = function->run, copies = std::move(copies), grid, block] {
        if (begin_kernel())
            run(copies, grid, block);
    };
}

} // namespace

FAKE_ENTRY cuLaunchKernel(CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                          unsigned bz, unsigned, CUstream stream, void **parameters, void **) {
    if (CUresult result = enter_with_context(); result != cuda_success)
        return result;
    if (gy * gz != 1 || by * bz != 1 || bx > 1024 || stream == nullptr)
        return cuda_invalid_value;
    return stream->submit(NodeType::kernel, work_of(function, gx, bx, parameters));
}

FAKE_ENTRY cuGraphAddKernelNode(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, std::size_t count,
                                const KernelNodeParams *p) {
    for (std::size_t i = 0; i < count; ++i)
        if (reinterpret_cast<const Node *>(after[i])->owner != graph)
            return cuda_invalid_value;
    *node = reinterpret_cast<CUgraphNode>(
        graph->add(NodeType::kernel, work_of(p->function, p->grid[0], p->block[0], p->parameters)));
    return enter_with_context();
}

FAKE_ENTRY cuGraphAddKernelNode_v2(CUgraphNode *node, CUgraph graph, const CUgraphNode *after, std::size_t count,
                                   const KernelNodeParamsV2 *p) {
    return cuGraphAddKernelNode(node, graph, after, count, p);
}
