// SHA-256 against the standard's examples, and the processor's instructions against the portable code.
#include "check.h"

#include "sha256.h"

#include <random>
#include <string_view>

using namespace edgeml;

namespace {

std::string of(std::string_view text) {
    return to_hex(sha256(std::as_bytes(std::span(text))));
}

void the_standards_examples() {
    EXPECT(of("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT(of("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT(of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
           "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT(of(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

void both_ways_agree() {
    constexpr unsigned seed = 20261130;
    std::mt19937 random(seed);
    for (std::size_t blocks : {1, 2, 3, 16, 1000}) {
        std::vector<std::uint8_t> data(64 * blocks + 1);
        for (std::uint8_t &byte : data)
            byte = static_cast<std::uint8_t>(random());
        Sha256State one{}, other{}, called{};
        for (std::size_t i = 0; i < one.size(); ++i)
            one[i] = other[i] = called[i] = static_cast<std::uint32_t>(random());
        absorb(one, data.data() + 1, blocks);
        absorb_portable(other, data.data() + 1, blocks);
        EXPECT(one == other);
        EXPECT_STATUS(edgeml_sha256_blocks(called.data(), data.data() + 1, blocks), EDGEML_OK);
        EXPECT(one == called);
    }
}

void bad_arguments_are_refused() {
    Sha256State state{};
    EXPECT_STATUS(edgeml_sha256_blocks(state.data(), nullptr, 0), EDGEML_OK);
    EXPECT_STATUS(edgeml_sha256_blocks(state.data(), nullptr, 1), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(edgeml_sha256_blocks(nullptr, state.data(), 0), EDGEML_E_INVALID_ARGUMENT);
}

} // namespace

int main() {
    the_standards_examples();
    both_ways_agree();
    bad_arguments_are_refused();
    return test::finish("sha256_tests");
}
