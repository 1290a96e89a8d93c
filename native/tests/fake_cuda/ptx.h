// Runs PTX text on the CPU, as far as clang makes it of this project's kernels: a block, lanes in turn, every access
// to memory checked. An instruction that it does not know is an error, never a guess.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace fake::ptx {

struct Operand {
    enum class Kind { reg, value, symbol, special } kind = Kind::value;
    std::uint32_t reg = 0;
    std::uint64_t value = 0; // of an immediate; offset of an address
    std::string name;        // symbol, special register
};

struct Instruction {
    std::vector<std::string> op; // "add", "rn", "f32"
    std::vector<Operand> operands;
    int guard = -1; // register of the predicate
    bool guard_negated = false;
    std::size_t target = 0; // of bra
};

struct Program {
    std::vector<Instruction> code;
    std::map<std::string, std::uint64_t> parameters; // name -> offset in the parameter block
    std::map<std::string, std::uint64_t> shared;     // name -> offset in shared memory
    std::uint64_t parameter_bytes = 0, shared_bytes = 0;
    std::uint32_t registers = 0;
};

// Throws std::runtime_error with the line it does not understand.
Program parse(const std::string &text, const std::string &entry);

// Throws std::runtime_error for a wild access, or a block that waits for ever.
void run(const Program &program, const std::vector<std::byte> &parameters, unsigned threads, unsigned block);

} // namespace fake::ptx
