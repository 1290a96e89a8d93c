#include "ptx.h"

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace fake::ptx {

namespace {

std::string trim(const std::string &text) {
    std::size_t begin = text.find_first_not_of(" \t\n"), end = text.find_last_not_of(" \t\n");
    return begin == std::string::npos ? "" : text.substr(begin, end - begin + 1);
}

std::vector<std::string> split(const std::string &text, char at) {
    std::vector<std::string> parts;
    for (std::size_t begin = 0; begin <= text.size();) {
        std::size_t end = std::min(text.find(at, begin), text.size());
        parts.push_back(trim(text.substr(begin, end - begin)));
        begin = end + 1;
    }
    return parts;
}

// "name[48]" -> name, 48; "name" -> name, `otherwise`.
std::pair<std::string, std::uint64_t> sized(const std::string &text, std::uint64_t otherwise) {
    std::size_t bracket = text.find('[');
    if (bracket == std::string::npos)
        return {text, otherwise};
    return {text.substr(0, bracket), std::stoull(text.substr(bracket + 1))};
}

std::uint64_t type_bytes(const std::string &declaration) {
    for (auto [name, bytes] : {std::pair{"64", 8}, {"32", 4}, {"16", 2}, {"b8", 1}})
        if (declaration.find(name) != std::string::npos)
            return static_cast<std::uint64_t>(bytes);
    throw std::runtime_error("a declaration: " + declaration);
}

class Parser {
  public:
    explicit Parser(Program &program) : program_(program) {}

    void parameters(const std::string &list) {
        for (const std::string &parameter : split(list, ','))
            declare(parameter, program_.parameters, program_.parameter_bytes);
    }

    void statement(std::string text) {
        for (;;) { // labels and braces stand before a statement
            text = trim(text);
            std::size_t colon = text.find(':');
            if (!text.empty() && (text[0] == '{' || text[0] == '}'))
                text = text.substr(1);
            else if (colon != std::string::npos && text.find_first_of(" \t[") > colon)
                labels_[text.substr(0, colon)] = program_.code.size(), text = text.substr(colon + 1);
            else
                break;
        }
        if (text.empty() || text.rfind(".reg", 0) == 0 || text.rfind(".pragma", 0) == 0)
            return;
        if (text.rfind(".param", 0) == 0) // of a call; st.param names it
            return;
        if (text.rfind(".shared", 0) == 0)
            return declare(text, program_.shared, program_.shared_bytes);
        instruction(text);
    }

    void finish() {
        for (Instruction &i : program_.code)
            if (i.op[0] == "bra") {
                auto label = labels_.find(i.operands[0].name);
                if (label == labels_.end())
                    throw std::runtime_error("no label " + i.operands[0].name);
                i.target = label->second;
            }
        program_.registers = static_cast<std::uint32_t>(registers_.size());
    }

  private:
    void declare(const std::string &text, std::map<std::string, std::uint64_t> &names, std::uint64_t &bytes) {
        auto [name, count] = sized(text.substr(text.find_last_of(" \t") + 1), 1);
        std::uint64_t size = count * type_bytes(text.substr(0, text.find_last_of(" \t"))),
                      step = std::min(size, std::uint64_t{8});
        bytes = (bytes + step - 1) / step * step;
        names[name] = bytes;
        bytes += size;
    }

    void instruction(const std::string &text) {
        Instruction result;
        std::string rest = text;
        if (rest[0] == '@') {
            result.guard_negated = rest[1] == '!';
            std::size_t begin = result.guard_negated ? 2 : 1, end = rest.find_first_of(" \t");
            result.guard = static_cast<int>(reg(rest.substr(begin, end - begin)));
            rest = trim(rest.substr(end));
        }
        std::size_t end = std::min(rest.find_first_of(" \t\n"), rest.size());
        result.op = split(rest.substr(0, end), '.');
        rest = trim(rest.substr(end));
        rest.erase(std::remove_if(rest.begin(), rest.end(), [](char c) { return std::strchr("{}()", c) != nullptr; }),
                   rest.end());
        if (!rest.empty())
            for (const std::string &part : split(rest, ','))
                result.operands.push_back(operand(part));
        program_.code.push_back(std::move(result));
    }

    Operand operand(std::string text) {
        Operand result;
        std::uint64_t offset = 0;
        if (text[0] == '[') {
            text = text.substr(1, text.size() - 2);
            if (std::size_t plus = text.find('+'); plus != std::string::npos) {
                offset = std::stoull(text.substr(plus + 1));
                text = text.substr(0, plus);
            }
        }
        if (text[0] == '%') {
            bool is_special = text == "%tid.x" || text == "%ntid.x" || text == "%ctaid.x" || text == "%globaltimer";
            result.kind = is_special ? Operand::Kind::special : Operand::Kind::reg;
            result.name = text;
            result.reg = is_special ? 0 : reg(text);
            result.value = offset;
        } else if (text.rfind("0f", 0) == 0) {
            result.value = std::stoull(text.substr(2), nullptr, 16);
        } else if (std::isdigit(static_cast<unsigned char>(text[0])) != 0 || text[0] == '-') {
            result.value = text[0] == '-' ? static_cast<std::uint64_t>(std::stoll(text)) : std::stoull(text);
        } else {
            result.kind = Operand::Kind::symbol;
            result.name = text;
            result.value = offset;
        }
        return result;
    }

    std::uint32_t reg(const std::string &name) {
        return registers_.emplace(name, static_cast<std::uint32_t>(registers_.size())).first->second;
    }

    Program &program_;
    std::map<std::string, std::uint32_t> registers_;
    std::map<std::string, std::size_t> labels_;
};

} // namespace

Program parse(const std::string &text, const std::string &entry) {
    std::string plain; // without comments
    for (const std::string &line : split(text, '\n'))
        plain += line.substr(0, line.find("//")) + '\n';
    std::size_t at = plain.find(".entry " + entry + "(");
    if (at == std::string::npos)
        throw std::runtime_error("no entry " + entry);
    std::size_t open = plain.find('(', at), close = plain.find(')', open), body = plain.find('{', close);
    std::size_t end = plain.find(".visible", body);
    Program program;
    Parser parser(program);
    parser.parameters(plain.substr(open + 1, close - open - 1));
    std::string code = plain.substr(body + 1, end == std::string::npos ? end : end - body - 1);
    for (const std::string &statement : split(code.substr(0, code.find_last_of('}')), ';'))
        parser.statement(statement);
    parser.finish();
    return program;
}

} // namespace fake::ptx
