// The exit kernel against the CPU's decision: types, class counts, edge cases.
#include "backends/cuda/kernel_set.h"
#include "backends/cuda/kernels.h"
#include "double.h"
#include "groups.h"

#include <algorithm>
#include <cstring>
#include <fstream>
#include <limits>
#include <sstream>

namespace test {

using namespace edgeml::cuda;

namespace {

constexpr std::uint32_t seed = 20260711;

std::uint16_t f16_bits(float x) { // rounds towards zero, which is enough for a source of bits
    std::uint32_t bits;
    std::memcpy(&bits, &x, sizeof bits);
    std::uint32_t sign = bits >> 16 & 0x8000u, exponent = bits >> 23 & 0xffu;
    if (exponent == 0xff)
        return static_cast<std::uint16_t>(sign | 0x7c00u | ((bits & 0x7fffff) != 0 ? 1u : 0u));
    if (exponent >= 143)
        return static_cast<std::uint16_t>(sign | 0x7bffu);
    if (exponent < 113)
        return static_cast<std::uint16_t>(sign |
                                          (exponent < 103 ? 0u : (0x800000u | (bits & 0x7fffff)) >> (126 - exponent)));
    return static_cast<std::uint16_t>(sign | (exponent - 112) << 10 | (bits >> 13 & 0x3ffu));
}

void narrow_floats_are_exact() {
    for (std::uint32_t bits = 0; bits <= 0xffff; ++bits) {
        float x = float_of_f16(static_cast<std::uint16_t>(bits));
        if (std::isnan(x))
            EXPECT((bits & 0x7c00) == 0x7c00 && (bits & 0x3ff) != 0);
        else if (!std::isinf(x))
            EXPECT(f16_bits(x) == bits);
        int exponent = static_cast<int>(bits >> 10 & 31), mantissa = static_cast<int>(bits & 0x3ff);
        double value = exponent == 0 ? std::ldexp(mantissa, -24) : std::ldexp(1024 + mantissa, exponent - 25);
        EXPECT(exponent == 31 || x == static_cast<float>((bits & 0x8000) != 0 ? -value : value));
    }
    EXPECT(float_of_bf16(0x3f80) == 1.0f && float_of_bf16(0xc000) == -2.0f && std::isinf(float_of_bf16(0x7f80)));
}

class Bench {
  public:
    Bench()
        : logits_(device_, 4096 * sizeof(float), 0), scores_(device_, 4096 * sizeof(float), 0),
          mailbox_(device_, sizeof(Mailbox), 0) {
        mail_ = new (mailbox_.data()) Mailbox{};
    }

    // Runs edgeml_exit over `count` logits that lie in `bytes`.
    Record decide(const void *bytes, std::uint32_t dtype, std::int32_t count, float threshold, bool is_final = false) {
        Current current(*device_);
        std::memcpy(logits_.data(), bytes, static_cast<std::size_t>(count) * (dtype == logits_f32 ? 4 : 2));
        const Driver &driver = *device_->driver;
        driver.check(driver.copy_to_device(logits_.device(), logits_.data(), 4096 * 4, stream_.get()), "copy");
        mail_->control.sequence = ++sequence_;
        mail_->control.thresholds[4] = threshold;
        ExitArguments a{logits_.device(), scores_.mapped(), mailbox_.mapped(), 0, dtype, count, 5, is_final ? 1u : 0u};
        KernelCall::of_exit(kernels_->exit, a).launch(*device_, stream_.get());
        driver.check(driver.stream_synchronize(stream_.get()), "wait");
        EXPECT(mail_->exits[4].sequence == sequence_);
        EXPECT((mail_->answer.sequence == sequence_) == ends_run(mail_->exits[4]));
        return mail_->exits[4];
    }
    const float *scores() const { return reinterpret_cast<const float *>(scores_.data()); }

  private:
    const std::shared_ptr<const Device> device_ = fake_device();
    const std::shared_ptr<const KernelSet> kernels_ = KernelSet::join(device_);
    const Stream stream_ = make_stream(device_);
    Buffer logits_, scores_, mailbox_;
    Mailbox *mail_ = nullptr;
    std::uint32_t sequence_ = 0;
};

// Label exact, entropy within 1e-5 of double precision, on the host and as a kernel.
void golden_decisions(bool interpreted) {
    std::ifstream file(EDGEML_TEST_MODELS "/../golden/decisions.txt");
    Bench bench;
    int lines = 0;
    double worst = 0;
    for (std::string line; std::getline(file, line); ++lines) {
        std::istringstream fields(line);
        std::string type, entropy_text, word;
        int invalid = 0, label = 0;
        fields >> type >> invalid >> label >> entropy_text;
        double entropy = std::strtod(entropy_text.c_str(), nullptr);
        std::uint32_t dtype = type == "f32" ? logits_f32 : type == "f16" ? logits_f16 : logits_bf16;
        std::vector<std::uint32_t> wide;
        std::vector<std::uint16_t> narrow;
        while (fields >> word) {
            wide.push_back(static_cast<std::uint32_t>(std::stoul(word, nullptr, 16)));
            narrow.push_back(static_cast<std::uint16_t>(wide.back()));
        }
        const void *bytes = dtype == logits_f32 ? static_cast<const void *>(wide.data()) : narrow.data();
        int count = static_cast<int>(wide.size());
        std::vector<float> x;
        for (int i = 0; i < count; ++i)
            x.push_back(load_logit(bytes, dtype, i));
        Decision d = edgeml::decide(x.data(), count);
        Record r = bench.decide(bytes, dtype, count, 0.5f);
        EXPECT(d.label == label && r.label == label && d.invalid == (invalid != 0));
        EXPECT(((r.exit_and_flags & record_invalid) != 0) == (invalid != 0));
        EXPECT(((r.exit_and_flags & record_exited) != 0) == (invalid == 0 && d.entropy < 0.5f));
        if (invalid == 0) {
            EXPECT_NEAR(d.entropy, entropy, 1e-5);
            EXPECT(r.entropy == d.entropy && r.confidence == d.confidence && r.margin == d.margin);
            worst = std::max(worst, std::fabs(d.entropy - entropy));
        }
        EXPECT(std::isnan(x[0]) || std::memcmp(bench.scores(), x.data(), x.size() * sizeof(float)) == 0);
    }
    EXPECT(lines == 84);
    std::printf("%d golden decisions%s, largest error of the entropy %.2g\n", lines,
                interpreted ? " by the PTX text" : "", worst);
}

void random_logits_decide_as_on_the_cpu(bool interpreted) {
    std::printf("seed %u\n", seed);
    std::mt19937 random(seed);
    Bench bench;
    for (std::uint32_t dtype : {logits_f32, logits_f16, logits_bf16})
        for (int count : {2, 3, 10, 31, 32, 33, 100, 1000, 1024, 1025, 2000, 4096})
            for (float scale : {0.1f, 3.0f, 60.0f})
                for (int draw = 0; draw < (interpreted ? 1 : 4); ++draw) {
                    if (interpreted && count > 1025 && dtype != logits_f16)
                        continue; // slow
                    std::normal_distribution<float> normal(0, scale);
                    std::vector<float> x(static_cast<std::size_t>(count));
                    std::vector<std::uint16_t> narrow(x.size());
                    for (std::size_t i = 0; i < x.size(); ++i) {
                        x[i] = normal(random);
                        if (dtype == logits_f32)
                            continue;
                        std::uint32_t bits;
                        std::memcpy(&bits, &x[i], sizeof bits);
                        narrow[i] = dtype == logits_f16 ? f16_bits(x[i]) : static_cast<std::uint16_t>(bits >> 16);
                        x[i] = dtype == logits_f16 ? float_of_f16(narrow[i]) : float_of_bf16(narrow[i]);
                    }
                    Decision d = edgeml::decide(x.data(), count);
                    const void *bytes = dtype == logits_f32 ? static_cast<const void *>(x.data()) : narrow.data();
                    Record r = bench.decide(bytes, dtype, count, 0.5f);
                    EXPECT(r.label == d.label && r.entropy == d.entropy && r.confidence == d.confidence);
                    EXPECT(r.margin == d.margin && r.exit_and_flags == (5u | (d.entropy < 0.5f ? record_exited : 0u)));
                    EXPECT(std::memcmp(bench.scores(), x.data(), x.size() * sizeof(float)) == 0);
                }
}

void edge_cases() {
    constexpr float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    Bench bench;
    for (std::vector<float> bad : {std::vector<float>{1, nan, 3}, {1, inf, 3}, {-inf, -inf, -inf}}) {
        Record r = bench.decide(bad.data(), logits_f32, 3, 1.0f);
        EXPECT(r.exit_and_flags == (5u | record_invalid) && std::isnan(r.entropy));
    }
    float tie[] = {1, 5, 5, 2}, masked[] = {-inf, 2, -inf, 2};
    EXPECT(bench.decide(tie, logits_f32, 4, 1.0f).label == 1);
    EXPECT_NEAR(bench.decide(masked, logits_f32, 4, 1.0f).entropy, 0.5, 1e-6);
    Record r = bench.decide(tie, logits_f32, 4, 0, true);
    EXPECT(r.exit_and_flags == (5u | record_final));
    float sharp[] = {0, 1000};
    EXPECT(bench.decide(sharp, logits_f32, 2, 0).exit_and_flags == 5u); // threshold 0 never exits
    EXPECT(bench.decide(sharp, logits_f32, 2, 1e-30f).exit_and_flags == (5u | record_exited));
}

} // namespace

void kernel_tests() {
    narrow_floats_are_exact();
    for (bool interpreted : {false, true}) {
        // By name the kernels are this source compiled for the host; interpreted they are the committed text.
        faults(interpreted ? "interpret" : "");
        std::uint64_t before = counts().interpreted;
        golden_decisions(interpreted);
        EXPECT((counts().interpreted > before) == interpreted);
        random_logits_decide_as_on_the_cpu(interpreted);
        edge_cases();
    }
    faults("");
}

} // namespace test
