// The double of libnvonnxparser: hands the model to the network's double, which lets ONNX Runtime judge it.
#include "stubs.h"
#include "world.h"

#include <cstdio>
#include <cstdlib>

void fake_unexpected(const char *function) noexcept {
    std::fprintf(stderr, "the double of TensorRT's parser has no %s\n", function);
    std::abort();
}

namespace {

using namespace nvonnxparser;

struct ParserError final : nvonnxparser::StubParserError {
    char const *desc() const override { return text; }
    char const *nodeName() const override { return ""; }
    char const *nodeOperator() const override { return ""; }
    char text[512] = {};
};

struct Parser final : nvonnxparser::StubParser {
    explicit Parser(void *of) : network(of) {}
    bool parse(void const *model, std::size_t size, char const *) noexcept override {
        edgeml_fake_tensorrt_set_model(network, model, size, error.text, sizeof error.text);
        return error.text[0] == '\0';
    }
    int getNbErrors() const noexcept override { return error.text[0] == '\0' ? 0 : 1; }
    IParserError const *getError(int) const noexcept override { return &error; }
    void *const network;
    ParserError error;
};

} // namespace

extern "C" {
EDGEML_FAKE_API void *createNvOnnxParser_INTERNAL(void *network, void *, int) {
    return static_cast<IParser *>(new Parser(network));
}
EDGEML_FAKE_API int getNvOnnxParserVersion() {
    return NV_ONNX_PARSER_VERSION;
}
}
