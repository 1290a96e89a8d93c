#include "sha256.h"

#include "status.h"

#include <algorithm>
#include <bit>
#include <cstring>

// GCC and Clang compile single functions for instructions that not every processor of the architecture has.
#if defined(__GNUC__) && defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#define EDGEML_SHA_X86 1
#elif defined(__GNUC__) && defined(__aarch64__) && defined(__linux__)
#include <arm_neon.h>
#include <sys/auxv.h>
#define EDGEML_SHA_ARM 1
#endif

namespace edgeml {

namespace {

constexpr std::size_t block_bytes = 64;

constexpr std::uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

void absorb_one(Sha256State &state, const std::uint8_t *block) noexcept {
    std::uint32_t w[64];
    for (int i = 0; i < 16; ++i)
        w[i] = std::uint32_t{block[4 * i]} << 24 | std::uint32_t{block[4 * i + 1]} << 16 |
               std::uint32_t{block[4 * i + 2]} << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; ++i) {
        std::uint32_t a = std::rotr(w[i - 15], 7) ^ std::rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
        std::uint32_t b = std::rotr(w[i - 2], 17) ^ std::rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    auto [a, b, c, d, e, f, g, h] = state;
    for (int i = 0; i < 64; ++i) {
        std::uint32_t first = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) +
                              round_constants[i] + w[i];
        std::uint32_t second = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + first;
        d = c;
        c = b;
        b = a;
        a = first + second;
    }
    const Sha256State added = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < state.size(); ++i)
        state[i] += added[i];
}

#if defined(EDGEML_SHA_X86)

bool has_instructions() noexcept {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSE4_1) == 0 || (c & bit_SSSE3) == 0)
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & bit_SHA) != 0;
}

__attribute__((target("sha,sse4.1,ssse3"))) void absorb_fast(Sha256State &state, const std::uint8_t *blocks,
                                                             std::size_t count) noexcept {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    // The instructions keep a, b, e, f in one register and c, d, g, h in the other, the last one lowest.
    __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(&state[0])), 0xb1);
    __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(&state[4])), 0x1b);
    __m128i abef = _mm_alignr_epi8(badc, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
    for (; count > 0; --count, blocks += block_bytes) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[4];
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i) {
            __m128i &now = w[i & 3];
            if (i < 4) {
                now = _mm_loadu_si128(reinterpret_cast<const __m128i *>(blocks + 16 * i));
                now = _mm_shuffle_epi8(now, big_endian);
            } else {
                __m128i seven_ago = _mm_alignr_epi8(w[(i + 3) & 3], w[(i + 2) & 3], 4);
                now = _mm_add_epi32(_mm_sha256msg1_epu32(now, w[(i + 1) & 3]), seven_ago);
                now = _mm_sha256msg2_epu32(now, w[(i + 3) & 3]);
            }
            auto constants = _mm_loadu_si128(reinterpret_cast<const __m128i *>(&round_constants[4 * i]));
            __m128i sum = _mm_add_epi32(now, constants);
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, sum);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(sum, 0x0e));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128(reinterpret_cast<__m128i *>(&state[0]), _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128(reinterpret_cast<__m128i *>(&state[4]), _mm_alignr_epi8(dchg, feba, 8));
}

#elif defined(EDGEML_SHA_ARM)

bool has_instructions() noexcept {
    constexpr unsigned long sha2 = 1ul << 6; // HWCAP_SHA2
    return (getauxval(AT_HWCAP) & sha2) != 0;
}

#if defined(__clang__)
__attribute__((target("sha2")))
#else
__attribute__((target("+crypto")))
#endif
void absorb_fast(Sha256State &state, const std::uint8_t *blocks, std::size_t count) noexcept {
    uint32x4_t abcd = vld1q_u32(&state[0]), efgh = vld1q_u32(&state[4]);
    for (; count > 0; --count, blocks += block_bytes) {
        const uint32x4_t abcd_before = abcd, efgh_before = efgh;
        uint32x4_t w[4];
#pragma GCC unroll 16
        for (int i = 0; i < 16; ++i) {
            uint32x4_t &now = w[i & 3];
            now = i < 4 ? vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(blocks + 16 * i)))
                        : vsha256su1q_u32(vsha256su0q_u32(now, w[(i + 1) & 3]), w[(i + 2) & 3], w[(i + 3) & 3]);
            uint32x4_t sum = vaddq_u32(now, vld1q_u32(&round_constants[4 * i])), abcd_now = abcd;
            abcd = vsha256hq_u32(abcd, efgh, sum);
            efgh = vsha256h2q_u32(efgh, abcd_now, sum);
        }
        abcd = vaddq_u32(abcd, abcd_before);
        efgh = vaddq_u32(efgh, efgh_before);
    }
    vst1q_u32(&state[0], abcd);
    vst1q_u32(&state[4], efgh);
}

#else

bool has_instructions() noexcept {
    return false;
}

void absorb_fast(Sha256State &state, const std::uint8_t *blocks, std::size_t count) noexcept {
    absorb_portable(state, blocks, count);
}

#endif

} // namespace

void absorb_portable(Sha256State &state, const std::uint8_t *blocks, std::size_t count) noexcept {
    for (; count > 0; --count, blocks += block_bytes)
        absorb_one(state, blocks);
}

void absorb(Sha256State &state, const std::uint8_t *blocks, std::size_t count) noexcept {
    static const bool fast = has_instructions();
    if (fast)
        absorb_fast(state, blocks, count);
    else
        absorb_portable(state, blocks, count);
}

Sha256 sha256(std::span<const std::byte> data) noexcept {
    Sha256State state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const auto *bytes = reinterpret_cast<const std::uint8_t *>(data.data());
    std::size_t whole = data.size() / block_bytes * block_bytes;
    absorb(state, bytes, whole / block_bytes);
    std::uint8_t tail[2 * block_bytes] = {};
    std::size_t rest = data.size() - whole;
    if (rest > 0)
        std::memcpy(tail, bytes + whole, rest);
    tail[rest] = 0x80;
    std::size_t tail_bytes = rest + 9 <= block_bytes ? block_bytes : 2 * block_bytes;
    std::uint64_t bits = std::uint64_t{data.size()} * 8;
    for (std::size_t i = 0; i < 8; ++i)
        tail[tail_bytes - 1 - i] = static_cast<std::uint8_t>(bits >> (8 * i));
    absorb(state, tail, tail_bytes / block_bytes);
    Sha256 digest;
    for (std::size_t i = 0; i < digest.size(); ++i)
        digest[i] = static_cast<std::uint8_t>(state[i / 4] >> (24 - 8 * (i % 4)));
    return digest;
}

std::string to_hex(const Sha256 &digest) {
    constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (std::uint8_t byte : digest) {
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    return text;
}

} // namespace edgeml

using namespace edgeml;

extern "C" {

edgeml_status edgeml_sha256_blocks(uint32_t *state, const void *data, uint64_t count) {
    return guarded([&] {
        require(state, "state");
        if (count == 0)
            return;
        require(data, "data");
        Sha256State words;
        std::copy_n(state, words.size(), words.begin());
        absorb(words, static_cast<const std::uint8_t *>(data), count);
        std::copy(words.begin(), words.end(), state);
    });
}
}
