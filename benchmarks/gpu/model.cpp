// The shipped model on the device: every answer against the host's, on each route, at each cut; and what it costs.
#include "pictures.h"
#include "shipped_chain.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace bench {

namespace {

constexpr Route routes[] = {Route::device, Route::stages, Route::streams};
struct Tally {
    int answers = 0, exits = 0, classes = 0, bits = 0;
    double entropy = 0;
    std::vector<int> taken;
};

void compare(Tally &tally, const edgeml_run_result &got, const HostAnswer &expected) {
    ++tally.answers;
    ++tally.taken[expected.exit - 1];
    tally.exits += got.exit_index != expected.exit;
    tally.classes += got.label != expected.decision.label;
    double difference = std::fabs(double(got.entropy) - double(expected.decision.entropy));
    tally.entropy = std::max(tally.entropy, std::isnan(difference) ? 1.0 : difference);
    tally.bits += got.logit_count != expected.logits.size() ||
                  std::memcmp(got.logits, expected.logits.data(), expected.logits.size() * sizeof(float)) != 0;
}

std::string text_of(const std::vector<int> &counts) {
    std::string text;
    for (int count : counts)
        text += (text.empty() ? "" : " / ") + std::to_string(count);
    return text;
}

class ModelMeasurement {
  public:
    explicit ModelMeasurement(Session &session)
        : session_(session), images_(pictures(model_, 0, session.is_quick ? 8 : 20)),
          halving_(model_.halving_thresholds(images_)) {}

    void run() {
        std::int64_t macs = 0;
        for (const Piece &unit : model_.units)
            macs += unit.macs();
        session_.line("## The shipped model\n\nmodels/shapes-vgg.onnx, %zu bytes inside this program: %zu units, %zu "
                      "heads, %.1f million multiply-accumulates, as plain float32 kernels (no TensorRT). %zu pictures "
                      "made here; the host computes with the same source and is what answers are compared with.\n",
                      shipped_file().size(), model_.units.size(), model_.heads.size(), double(macs) * 1e-6,
                      images_.size());
        answers();
        cuts();
        stages();
        shared_arena();
    }

  private:
    // An open route, or its reason on the page.
    std::unique_ptr<ShippedChain> open(Route route, const char *row) {
        auto chain = std::make_unique<ShippedChain>(session_.device, model_, route);
        try {
            chain->run(images_[0], halving_);
            return chain;
        } catch (const Error &e) {
            session_.line("| %s | %s | %s | | | | | | | |", row, route_name(route), e.what());
            return nullptr;
        }
    }

    std::vector<float> always(float threshold) const { return std::vector<float>(model_.heads.size(), threshold); }

    void answers() {
        session_.line(
            "| thresholds | route | pictures by exit | exit differs | class differs | largest entropy "
            "difference | other logit bits | mean µs | p50 | p99 |\n|---|---|---|---|---|---|---|---|---|---|");
        for (const auto &[row, thresholds] :
             {std::pair{"0, none tried", always(0)}, {"so that each takes half", halving_}, {"above 1", always(2)}}) {
            std::vector<HostAnswer> expected;
            for (const std::vector<float> &image : images_)
                expected.push_back(model_.answer(image, thresholds));
            for (Route route : routes) {
                std::unique_ptr<ShippedChain> chain = open(route, row);
                if (chain == nullptr)
                    continue;
                Tally tally;
                tally.taken.resize(model_.heads.size() + 1);
                for (std::size_t i = 0; i < images_.size(); ++i)
                    compare(tally, chain->run(images_[i], thresholds), expected[i]);
                std::size_t n = 0;
                Spread s = measure_us(session_.model_runs(),
                                      [&, &given = thresholds] { chain->run(images_[n++ % images_.size()], given); });
                session_.line("| %s | %s | %s | %d | %d | %.2g | %d | %.1f | %.1f | %.1f |", row, route_name(route),
                              text_of(tally.taken).c_str(), tally.exits, tally.classes, tally.entropy, tally.bits,
                              s.mean, s.p50, s.p99);
                session_.expect(tally.exits == 0 && tally.classes == 0 && tally.entropy <= 1e-5,
                                "the shipped model answers otherwise than on the host");
            }
        }
    }

    void cuts() {
        session_.line("\nCut after every unit, no exit tried: the tensor in pinned memory against the host's.\n\n"
                      "| route | cuts x pictures | other bits | largest difference |\n|---|---|---|---|");
        for (Route route : routes) {
            std::unique_ptr<ShippedChain> chain = open(route, "cuts");
            int cuts = 0, bits = 0;
            double worst = 0;
            for (std::size_t i = 0; chain != nullptr && i < 4; ++i) {
                std::vector<std::vector<float>> expected = model_.boundaries(images_[i]);
                for (std::size_t unit = 1; unit < model_.units.size(); ++unit, ++cuts) {
                    edgeml_run_result got = chain->run(images_[i], always(0), chain->stages_before(unit));
                    const std::vector<float> &tensor = expected[unit - 1];
                    const auto *at = static_cast<const float *>(got.cut);
                    session_.expect(got.outcome == EDGEML_OUTCOME_CUT && got.cut_bytes == tensor.size() * sizeof(float),
                                    "a cut without its tensor");
                    bits += std::memcmp(at, tensor.data(), got.cut_bytes) != 0;
                    for (std::size_t e = 0; e < tensor.size(); ++e)
                        worst = std::max(worst, std::fabs(double(at[e]) - double(tensor[e])));
                }
            }
            if (chain != nullptr)
                session_.line("| %s | %d | %d | %.2g |", route_name(route), cuts, bits, worst);
            session_.expect(worst <= 1e-4, "a cut tensor differs from the host's");
        }
    }

    void stages() {
        ShippedChain chain(session_.device, model_, Route::streams);
        std::vector<std::uint64_t> ns(chain.stages()), sum(chain.stages());
        int runs = session_.model_runs() / 4 + 1;
        for (int i = 0; i < runs; ++i) {
            chain.run(images_[0], always(1e-30f), 0, ns.data());
            for (std::size_t s = 0; s < ns.size(); ++s)
                sum[s] += ns[s];
        }
        session_.line("\nDevice time of every stage by the device's own clock, plain calls, every exit tried, none "
                      "taken.\n\n| stage | multiply-accumulates | output bytes | µs |\n|---|---|---|---|");
        std::size_t stage = 0;
        auto row = [&](const char *kind, std::size_t number, const Piece &piece) {
            session_.line("| %s %zu | %lld | %zu | %.1f |", kind, number, static_cast<long long>(piece.macs()),
                          static_cast<std::size_t>(piece.outputs) * sizeof(float), double(sum[stage++]) / runs * 1e-3);
        };
        for (std::size_t unit = 1; unit <= model_.units.size(); ++unit) {
            row("unit", unit, model_.units[unit - 1]);
            for (const Piece &head : model_.heads)
                if (head.after_unit == unit)
                    row("head", head.exit, head);
        }
    }

    // All segments work in one scratch: a graph that let two overlap would change answers.
    void shared_arena() {
        ShippedChain chain(session_.device, model_, Route::automatic);
        std::vector<HostAnswer> expected;
        for (const std::vector<float> &image : images_)
            expected.push_back(model_.answer(image, halving_));
        Tally tally;
        tally.taken.resize(model_.heads.size() + 1);
        const auto end = std::chrono::steady_clock::now() + Session::arena_limit;
        for (int i = 0; i < session_.arena_runs() && std::chrono::steady_clock::now() < end; ++i)
            compare(tally, chain.run(images_[static_cast<std::size_t>(i) % images_.size()], halving_),
                    expected[static_cast<std::size_t>(i) % images_.size()]);
        session_.line("\nOne scratch under all segments, route %s: %d inferences, %d other exits or classes, %d other "
                      "bits.\n",
                      route_name(chain.report().route), tally.answers, tally.exits + tally.classes, tally.bits);
        session_.expect(tally.exits + tally.classes == 0, "answers change under the shared scratch");
    }

    Session &session_;
    const ShippedModel model_;
    const std::vector<std::vector<float>> images_;
    const std::vector<float> halving_;
};

} // namespace

void measure_model(Session &session) {
    ModelMeasurement(session).run();
}

} // namespace bench
