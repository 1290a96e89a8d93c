#include "ptx.h"
#include "world.h"

#include <atomic>
#include <bit>
#include <chrono>
#include <cstring>
#include <stdexcept>

namespace fake::ptx {

namespace {

constexpr std::uint64_t shared_space = 1ull << 56, parameter_space = 1ull << 57;
constexpr unsigned warp = 32;

[[noreturn]] void refuse(const Instruction &i, const char *why) {
    std::string text = why;
    for (const std::string &part : i.op)
        text += " " + part;
    throw std::runtime_error(text);
}

float as_float(std::uint64_t bits) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits));
}

std::uint64_t as_bits(float value) {
    return std::bit_cast<std::uint32_t>(value);
}

unsigned width_of(const std::string &type) {
    return type == "pred" ? 1 : static_cast<unsigned>(std::stoul(type.substr(1)));
}

std::uint64_t cut(std::uint64_t value, unsigned bits) {
    return bits >= 64 ? value : value & ((1ull << bits) - 1);
}

std::int64_t extended(std::uint64_t value, unsigned bits) {
    return static_cast<std::int64_t>(value << (64 - bits)) >> (64 - bits);
}

// As cvt does: NaN is 0, what does not fit is the nearest that does.
std::uint64_t saturated(float x) {
    if (!(x > -2147483648.0f))
        return x != x ? 0 : 0x80000000u;
    return x >= 2147483648.0f ? 0x7fffffffu : static_cast<std::uint32_t>(static_cast<std::int32_t>(x));
}

template <class T> bool compare(const std::string &how, T a, T b, const Instruction &i) {
    if (how == "eq")
        return a == b;
    if (how == "ne")
        return a != b;
    if (how == "lt")
        return a < b;
    if (how == "le")
        return a <= b;
    if (how == "gt")
        return a > b;
    if (how == "ge")
        return a >= b;
    refuse(i, "comparison");
}

struct Lane {
    enum class State { runs, shuffles, waits, ended } state = State::runs;
    std::size_t at = 0;
    std::vector<std::uint64_t> registers;
    std::map<std::string, std::uint64_t> call; // parameters of the next call
};

class Block {
  public:
    Block(const Program &program, const std::vector<std::byte> &parameters, unsigned threads, unsigned block)
        : program_(program), parameters_(parameters), index_(block), shared_(program.shared_bytes), lanes_(threads) {
        for (Lane &lane : lanes_)
            lane.registers.resize(program.registers);
    }

    void run() {
        for (bool moved = true; moved;) {
            moved = false;
            for (unsigned id = 0; id < lanes_.size(); ++id)
                for (; lanes_[id].state == Lane::State::runs; moved = true)
                    step(lanes_[id], id);
            for (unsigned first = 0; first < lanes_.size(); first += warp)
                moved |= shuffle(first);
            moved |= pass_barrier();
        }
        for (const Lane &lane : lanes_)
            if (lane.state != Lane::State::ended)
                throw std::runtime_error("a block that waits for ever");
    }

  private:
    // All lanes of a warp have to come to the same shuffle.
    bool shuffle(unsigned first) {
        std::vector<std::uint64_t> values;
        for (unsigned i = first; i < first + warp; ++i) {
            if (lanes_[i].state != Lane::State::shuffles || lanes_[i].at != lanes_[first].at)
                return false;
            values.push_back(get(lanes_[i], i, program_.code[lanes_[i].at].operands[1]));
        }
        const Instruction &code = program_.code[lanes_[first].at];
        if (code.operands[3].value != warp - 1 || cut(code.operands[4].value, 32) != 0xffffffffu)
            refuse(code, "shuffle");
        for (unsigned i = 0; i < warp; ++i) {
            Lane &lane = lanes_[first + i];
            std::uint64_t from = i + get(lane, first + i, code.operands[2]);
            set(lane, code.operands[0], values[from < warp ? from : i]);
            ++lane.at;
            lane.state = Lane::State::runs;
        }
        return true;
    }

    bool pass_barrier() {
        for (const Lane &lane : lanes_)
            if (lane.state != Lane::State::waits)
                return false;
        for (Lane &lane : lanes_)
            lane.state = Lane::State::runs;
        return true;
    }

    std::uint64_t address(const Lane &lane, const Operand &operand) const {
        if (operand.kind == Operand::Kind::reg)
            return lane.registers[operand.reg] + operand.value;
        if (auto found = program_.parameters.find(operand.name); found != program_.parameters.end())
            return parameter_space + found->second + operand.value;
        if (auto found = program_.shared.find(operand.name); found != program_.shared.end())
            return shared_space + found->second + operand.value;
        throw std::runtime_error("no symbol " + operand.name);
    }

    void *memory(std::uint64_t address, std::uint64_t bytes) {
        if ((address & parameter_space) != 0 && address - parameter_space + bytes <= parameters_.size())
            return parameters_.data() + (address - parameter_space);
        if ((address & shared_space) != 0 && address - shared_space + bytes <= shared_.size())
            return shared_.data() + (address - shared_space);
        void *host = address % bytes == 0 ? host_of(address, bytes) : nullptr;
        if (host == nullptr)
            throw std::runtime_error("a wild access to " + std::to_string(address));
        return host;
    }

    std::uint64_t get(const Lane &lane, unsigned id, const Operand &operand) const {
        switch (operand.kind) {
        case Operand::Kind::reg:
            return lane.registers[operand.reg];
        case Operand::Kind::value:
            return operand.value;
        case Operand::Kind::symbol:
            return address(lane, operand);
        case Operand::Kind::special:
            if (operand.name == "%tid.x")
                return id;
            if (operand.name == "%ntid.x")
                return lanes_.size();
            if (operand.name == "%ctaid.x")
                return index_;
            return static_cast<std::uint64_t>(
                std::chrono::nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
        }
        return 0;
    }

    void set(Lane &lane, const Operand &operand, std::uint64_t value) { lane.registers[operand.reg] = value; }

    void step(Lane &lane, unsigned id) {
        const Instruction &i = program_.code[lane.at];
        const std::string &op = i.op[0];
        if (i.guard >= 0 && (lane.registers[static_cast<std::size_t>(i.guard)] != 0) == i.guard_negated) {
            ++lane.at;
            return;
        }
        if (op == "shfl") {
            lane.state = Lane::State::shuffles;
            return;
        }
        lane.at = op == "bra" ? i.target : lane.at + 1;
        if (op == "bra")
            return;
        if (op == "ret")
            lane.state = Lane::State::ended;
        else if (op == "bar")
            lane.state = Lane::State::waits;
        else if (op == "fence")
            std::atomic_signal_fence(std::memory_order_seq_cst); // one lane at a time, on one thread
        else if (op == "ld")
            load(lane, i);
        else if (op == "st")
            store(lane, id, i);
        else if (op == "call")
            call(lane, i);
        else
            compute(lane, id, i);
    }

    void load(Lane &lane, const Instruction &i) {
        std::uint64_t bytes = width_of(i.op.back()) / 8, from = address(lane, i.operands.back());
        for (std::size_t n = 0; n + 1 < i.operands.size(); ++n) {
            std::uint64_t value = 0;
            std::memcpy(&value, memory(from + n * bytes, bytes), bytes);
            set(lane, i.operands[n], value);
        }
    }

    void store(Lane &lane, unsigned id, const Instruction &i) {
        std::uint64_t value = get(lane, id, i.operands[1]), bytes = width_of(i.op.back()) / 8;
        if (i.op[1] == "param") {
            lane.call[i.operands[0].name] = value;
            return;
        }
        void *to = memory(address(lane, i.operands[0]), bytes);
        if (i.op[1] == "release")
            std::atomic_ref(*static_cast<std::uint32_t *>(to))
                .store(static_cast<std::uint32_t>(value), std::memory_order_release);
        else
            std::memcpy(to, &value, bytes);
    }

    void call(Lane &lane, const Instruction &i) {
        if (i.operands[0].name != "cudaGraphSetConditional")
            refuse(i, "call");
        set_condition(lane.call["param0"], static_cast<unsigned>(lane.call["param1"]));
    }

    void compute(Lane &lane, unsigned id, const Instruction &i) {
        const std::string &op = i.op[0], &type = i.op.back();
        auto in = [&](std::size_t n) { return get(lane, id, i.operands[n]); };
        bool is_float = type == "f32", is_signed = type[0] == 's';
        unsigned bits = width_of(type);
        std::uint64_t result = 0;
        if (op == "mov") {
            result = in(1);
        } else if (op == "selp") {
            result = in(3) != 0 ? in(1) : in(2);
        } else if (op == "setp") {
            result = compare(i, in(1), in(2));
        } else if (op == "cvt") {
            result = convert(i, in(1));
            bits = width_of(i.op[i.op.size() - 2]);
        } else if (is_float) {
            float a = as_float(in(1)), b = op == "rcp" ? 0 : as_float(in(2));
            if (op != "rcp" && op != "add" && op != "sub" && op != "mul" && op != "div")
                refuse(i, "instruction");
            if (i.op[1] != "rn") // anything else may be contracted
                refuse(i, "rounding of");
            result = as_bits(op == "rcp"   ? 1 / a
                             : op == "add" ? a + b
                             : op == "sub" ? a - b
                             : op == "mul" ? a * b
                                           : a / b);
        } else {
            std::uint64_t a = in(1), b = in(2);
            if (op == "mul" && i.op[1] == "wide") {
                result = is_signed
                             ? static_cast<std::uint64_t>(extended(cut(a, bits), bits) * extended(cut(b, bits), bits))
                             : cut(a, bits) * cut(b, bits);
                bits *= 2;
            } else if ((op == "mul" || op == "mad") && i.op[1] == "lo")
                result = a * b + (op == "mad" ? in(3) : 0);
            else if (op == "div" && is_signed && cut(b, bits) != 0)
                result = static_cast<std::uint64_t>(extended(cut(a, bits), bits) / extended(cut(b, bits), bits));
            else if (op == "add")
                result = a + b;
            else if (op == "sub")
                result = a - b;
            else if (op == "and")
                result = a & b;
            else if (op == "or")
                result = a | b;
            else if (op == "shl")
                result = a << b;
            else if (op == "shr")
                result = is_signed ? static_cast<std::uint64_t>(extended(a, bits) >> b) : cut(a, bits) >> b;
            else if (op == "max" && !is_signed)
                result = std::max(cut(a, bits), cut(b, bits));
            else
                refuse(i, "instruction");
        }
        set(lane, i.operands[0], cut(result, bits));
    }

    static bool compare(const Instruction &i, std::uint64_t a, std::uint64_t b) {
        const std::string &how = i.op[1], &type = i.op.back();
        if (type == "f32") {
            float x = as_float(a), y = as_float(b);
            bool unordered = x != x || y != y;
            if (how == "nan")
                return unordered;
            if (how.back() == 'u') // or unordered
                return unordered || ptx::compare(how.substr(0, 2), x, y, i);
            return !unordered && ptx::compare(how, x, y, i);
        }
        unsigned bits = width_of(type);
        return type[0] == 's' ? ptx::compare(how, extended(cut(a, bits), bits), extended(cut(b, bits), bits), i)
                              : ptx::compare(how, cut(a, bits), cut(b, bits), i);
    }

    static std::uint64_t convert(const Instruction &i, std::uint64_t value) {
        const std::string &from = i.op.back(), &to = i.op[i.op.size() - 2];
        if (from == "f32" && to == "s32" && i.op[1] == "rzi")
            return saturated(as_float(value));
        if (from == "s32" && to == "f32" && i.op[1] == "rn")
            return as_bits(static_cast<float>(static_cast<std::int32_t>(value)));
        if (from == "f32" || to == "f32")
            refuse(i, "conversion");
        unsigned bits = width_of(from);
        return from[0] == 's' ? static_cast<std::uint64_t>(extended(cut(value, bits), bits)) : cut(value, bits);
    }

    const Program &program_;
    std::vector<std::byte> parameters_;
    const unsigned index_; // in the grid
    std::vector<std::byte> shared_;
    std::vector<Lane> lanes_;
};

} // namespace

void run(const Program &program, const std::vector<std::byte> &parameters, unsigned threads, unsigned block) {
    if (threads == 0 || (threads > 1 && threads % warp != 0))
        throw std::runtime_error(std::to_string(threads) + " threads");
    Block(program, parameters, threads, block).run();
}

} // namespace fake::ptx
