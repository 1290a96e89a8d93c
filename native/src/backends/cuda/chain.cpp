#include "backends/cuda/chain.h"

#include "backends/cuda/mailbox.h"
#include "backends/cuda/plan.h"
#include "backends/cuda/wait.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace edgeml::cuda {

namespace {

constexpr int capture_attempts = 3; // another thread's work can break one
constexpr std::int32_t most_classes = 4096;
constexpr std::int32_t unknown = -1, no_class = -2; // labels of an exit not tried, and of scores that are no numbers

bool is_reason_to_fall_back(const Error &e) {
    return e.status() == EDGEML_E_UNSUPPORTED || e.status() == EDGEML_E_RUN_FAILED;
}

// Written by the exit's kernel, before its record.
std::span<const float> scores_of(const PlacedStage &stage) {
    return {reinterpret_cast<const float *>(stage.logits->data()), stage.desc.classes};
}

class DeviceChain final : public Chain {
  public:
    DeviceChain(std::shared_ptr<const Device> device, const ChainOptions &options)
        : device_(std::move(device)), options_(options), kernels_(KernelSet::join(device_)),
          stream_(make_stream(device_)), mailbox_(device_, options) {}

    ~DeviceChain() override {
        try {
            settle();
        } catch (const Error &) {
            // The device is lost: the memory freed now was its last work's. If it is given up it may still be at work.
            if (device_->is_given_up())
                keep_segments();
        }
    }

    void add(const Stage &stage) override;
    void set_rule(const ExitRule &rule) override;
    void run(edgeml_run_result &result, const edgeml_run_desc &desc, const std::byte *input) override;
    Report report() const override { return report_; }

  private:
    Plan &plan_for(const PlanKey &key);
    void place(Plan &plan);
    void place(PlacedStage &stage);
    void choose_route(Plan &plan);
    std::string try_route(Plan &plan, Route route);
    void capture_segments(const Plan &plan);
    void validate(Plan &plan);
    const Record &run_plan(const Plan &plan, Route route);
    bool host_takes(const PlacedStage &stage);
    float of_final(const PlacedStage &stage) const;
    void fill(edgeml_run_result &result, const Plan &plan, const Record &answer) const;
    void fill_times(const edgeml_run_desc &desc, const Plan &plan, std::uint32_t stages_run) const;
    void settle() const;
    void keep_segments() noexcept;

    const std::shared_ptr<const Device> device_;
    const ChainOptions options_;
    const std::shared_ptr<const KernelSet> kernels_;
    const Stream stream_;
    MailboxMemory mailbox_;
    DeviceMemory arena_;
    std::uint64_t arena_bytes_ = 0;
    std::vector<PlacedStage> stages_;
    std::vector<std::unique_ptr<Plan>> plans_;
    std::uint64_t uses_ = 0;
    Report report_;
    ExitRule rule_;
    // Where the host decides, in the run under way:
    std::span<const float> thresholds_;
    std::span<const std::int32_t> said_;
    float uncertainties_[most_exits] = {};
    std::int32_t labels_[most_exits] = {};
    Record decided_{};
};

void DeviceChain::add(const Stage &stage) {
    if (stages_.size() + 1 >= most_stamps)
        throw Error(EDGEML_E_UNSUPPORTED,
                    "a chain on a device has at most " + std::to_string(most_stamps - 1) + " stages");
    if (stage.logits != nullptr && stage.desc.classes > most_classes)
        throw Error(EDGEML_E_UNSUPPORTED, "exit " + std::to_string(stage.desc.exit_index) + " has " +
                                              std::to_string(stage.desc.classes) + " classes, a device decides over " +
                                              std::to_string(most_classes) + " at most");
    Current current(*device_);
    settle();
    PlacedStage placed;
    placed.desc = stage.desc;
    placed.network = static_cast<const DeviceNetwork *>(stage.network);
    placed.input = static_cast<const Buffer *>(stage.input);
    placed.boundary = static_cast<const Buffer *>(stage.boundary);
    placed.logits = static_cast<const Buffer *>(stage.logits);
    stages_.push_back(std::move(placed));
    plans_.clear(); // they point into stages_
    std::uint64_t needed = 0;
    for (const PlacedStage &each : stages_)
        needed = std::max(needed, each.network->scratch_bytes());
    if (needed > arena_bytes_) { // graphs have its address in them
        for (PlacedStage &each : stages_) {
            each.graph = {};
            each.segment = nullptr;
        }
        arena_ = {};
        arena_bytes_ = 0;
    }
}

// Kernels of a device that is given up may still work with the segments' memory.
void DeviceChain::keep_segments() noexcept {
    for (PlacedStage &stage : stages_)
        if (stage.segment != nullptr)
            Device::keep(reinterpret_cast<std::uint64_t>(stage.segment.release()));
}

void DeviceChain::set_rule(const ExitRule &rule) {
    if (!rule.is_entropy() && options_.route == Route::device)
        throw Error(EDGEML_E_UNSUPPORTED, "route A decides about exits on the device, by entropy alone");
    rule_ = rule;
    plans_.clear(); // whose routes may differ now
}

// A side exit by a rule that the device does not know: its scores are on the host.
bool DeviceChain::host_takes(const PlacedStage &stage) {
    const std::uint32_t exit = stage.desc.exit_index;
    std::span<const float> scores = scores_of(stage);
    Decision d = decide(scores.data(), static_cast<std::int32_t>(scores.size()));
    bool agrees = rule_.agrees(exit, d.label, [this](std::uint32_t other) {
        std::int32_t label = labels_[other - 1];
        return label != unknown || other > said_.size() ? label : said_[other - 1];
    });
    uncertainties_[exit - 1] = rule_.of_side(exit, d, scores, agrees);
    labels_[exit - 1] = d.invalid ? no_class : d.label;
    return exit <= thresholds_.size() && takes_exit(uncertainties_[exit - 1], thresholds_[exit - 1]);
}

float DeviceChain::of_final(const PlacedStage &stage) const {
    std::span<const float> scores = scores_of(stage);
    return rule_.of_final(decide(scores.data(), static_cast<std::int32_t>(scores.size())), scores);
}

void DeviceChain::settle() const {
    Current current(*device_);
    wait_until_idle(*device_, stream_.get(), options_.limit_ms);
}

// Binds a stage's addresses and runs it once outside of any capture, because a first run may initialise.
void DeviceChain::place(PlacedStage &stage) {
    if (stage.segment != nullptr)
        return;
    std::lock_guard held(Device::capture_lock());
    std::uint64_t needed = 0;
    for (const PlacedStage &each : stages_)
        needed = std::max(needed, each.network->scratch_bytes());
    if (needed > arena_bytes_) {
        arena_ = allocate_device(device_, static_cast<std::size_t>(needed));
        arena_bytes_ = needed;
    }
    DeviceNetwork::DeviceSlot inputs[] = {{0, stage.input->device()}};
    std::vector<DeviceNetwork::DeviceSlot> outputs;
    if (stage.boundary != nullptr)
        outputs.push_back({stage.desc.boundary_output, stage.boundary->device()});
    if (stage.logits != nullptr)
        outputs.push_back({stage.desc.logits_output, stage.logits->device()});
    stage.segment = stage.network->place(inputs, outputs, arena_.get());
    try {
        enqueue(stage, *device_, stream_.get());
        settle();
    } catch (...) {
        if (device_->is_given_up())
            keep_segments();
        stage.segment = nullptr;
        throw;
    }
}

void DeviceChain::place(Plan &plan) {
    for (std::uint32_t i : plan.stages)
        place(stages_[i]);
}

void DeviceChain::capture_segments(const Plan &plan) {
    for (std::uint32_t i : plan.stages) {
        PlacedStage &stage = stages_[i];
        if (stage.capture_failed || !stage.segment->capturable())
            throw Error(EDGEML_E_UNSUPPORTED, "stage " + std::to_string(i) + " cannot be captured");
        for (int attempt = 1; !stage.graph; ++attempt)
            try {
                ++report_.captures;
                stage.graph = capture(device_, stream_.get(), [&] { stage.segment->enqueue(stream_.get()); });
            } catch (const Error &e) {
                if (!is_reason_to_fall_back(e))
                    throw;
                if (attempt == capture_attempts) {
                    stage.capture_failed = true;
                    throw;
                }
            }
    }
}

// Empty, or why this route cannot be had.
std::string DeviceChain::try_route(Plan &plan, Route route) {
    try {
        if (route == Route::streams) {
            plan.route = route;
            return {};
        }
        capture_segments(plan);
        if (route == Route::device) {
            build_whole(plan, stages_, device_, *kernels_, stream_.get());
            validate(plan);
        } else {
            build_stages(plan, stages_, device_, stream_.get());
        }
        return {};
    } catch (const Error &e) {
        if (!is_reason_to_fall_back(e))
            throw;
        plan.whole = {};
        for (Stretch &stretch : plan.stretches)
            stretch.exec = {};
        return std::string("route ") + route_name(route) + ": " + e.what();
    }
}

void DeviceChain::choose_route(Plan &plan) {
    if (options_.route != Route::automatic) {
        std::string reason = try_route(plan, options_.route);
        if (!reason.empty())
            throw Error(EDGEML_E_UNSUPPORTED, reason);
        report_.note.clear();
        return;
    }
    std::string note;
    if (!rule_.is_entropy())
        note = "the host decides by the exit rule";
    for (Route route : {Route::device, Route::stages, Route::streams}) {
        if (route == Route::device && !rule_.is_entropy())
            continue;
        std::string reason = try_route(plan, route);
        if (reason.empty())
            break;
        note += (note.empty() ? "" : "; ") + reason;
    }
    report_.note = note;
}

// One launch that goes all the way and one that takes the first exit, against plain calls on the same input: a device
// that accepts conditions and then does not follow them is not trusted.
void DeviceChain::validate(Plan &plan) {
    constexpr float never = 0, always = 2;
    for (float threshold : {never, always}) {
        auto judge = [&](Route route) {
            float thresholds[most_exits];
            std::fill(std::begin(thresholds), std::end(thresholds), threshold);
            mailbox_.begin(thresholds);
            return run_plan(plan, route);
        };
        Record expected = judge(Route::streams), got = judge(Route::device);
        settle();
        bool same_entropy = !(std::fabs(expected.entropy - got.entropy) > 1e-3f);
        if (expected.exit_and_flags != got.exit_and_flags || expected.label != got.label || !same_entropy)
            throw Error(EDGEML_E_UNSUPPORTED, "a trial run answered " + std::to_string(got.label) + " with flags " +
                                                  std::to_string(got.exit_and_flags) + ", plain calls " +
                                                  std::to_string(expected.label) + " with " +
                                                  std::to_string(expected.exit_and_flags));
    }
}

Plan &DeviceChain::plan_for(const PlanKey &key) {
    for (const std::unique_ptr<Plan> &plan : plans_)
        if (plan->key == key) {
            plan->last_use = ++uses_;
            return *plan;
        }
    auto plan = std::make_unique<Plan>();
    plan->key = key;
    lay_out(*plan, stages_, *kernels_, mailbox_.device());
    place(*plan);
    if (!plan->stages.empty())
        choose_route(*plan);
    ++report_.plans_built;
    settle();
    if (plans_.size() >= std::max(options_.plans, 1u))
        plans_.erase(std::min_element(plans_.begin(), plans_.end(),
                                      [](const auto &a, const auto &b) { return a->last_use < b->last_use; }));
    plan->last_use = ++uses_;
    plans_.push_back(std::move(plan));
    return *plans_.back();
}

// The record that ended the run.
const Record &DeviceChain::run_plan(const Plan &plan, Route route) {
    const Driver &driver = *device_->driver;
    const CUstream stream = stream_.get();
    if (route == Route::device) {
        driver.check(driver.exec_launch(plan.whole.get(), stream), "cuGraphLaunch");
        return mailbox_.wait(mailbox_.answer(), stream);
    }
    for (const Stretch &stretch : plan.stretches) {
        if (route == Route::stages)
            driver.check(driver.exec_launch(stretch.exec.get(), stream), "cuGraphLaunch");
        else
            for (const Step &step : stretch.steps)
                issue(step, stages_, *device_, stream);
        if (stretch.exit_stage == Stretch::none)
            break;
        const Record &record = mailbox_.wait(mailbox_.exit(stages_[stretch.exit_stage].desc.exit_index), stream);
        if ((record.exit_and_flags & (record_exited | record_final)) != 0)
            return record;
        if (rule_.is_entropy())
            continue;
        if (host_takes(stages_[stretch.exit_stage])) {
            decided_ = record;
            decided_.exit_and_flags |= record_exited;
            return decided_;
        }
    }
    return mailbox_.wait(mailbox_.answer(), stream);
}

void DeviceChain::run(edgeml_run_result &result, const edgeml_run_desc &desc, const std::byte *input) {
    if (desc.first_stage >= stages_.size() || desc.stage_count > stages_.size() - desc.first_stage)
        reject("stages " + std::to_string(desc.first_stage) + " + " + std::to_string(desc.stage_count) +
               " of a chain with " + std::to_string(stages_.size()));
    if (desc.flags != 0)
        reject("run flags " + std::to_string(desc.flags) + " are unknown");
    if (desc.threshold_count > 0)
        require(desc.thresholds, "thresholds");
    float thresholds[most_exits] = {};
    PlanKey key;
    key.first = desc.first_stage;
    key.end = desc.stage_count == 0 ? static_cast<std::uint32_t>(stages_.size()) : desc.first_stage + desc.stage_count;
    for (std::uint32_t i = key.first; i < key.end; ++i) {
        std::uint32_t exit = stages_[i].desc.exit_index;
        if (exit < 1 || stages_[i].is_final() || !rule_.tries(exit, {desc.thresholds, desc.threshold_count}))
            continue;
        if (rule_.is_entropy()) // otherwise the device takes none
            thresholds[exit - 1] = desc.thresholds[exit - 1];
        key.tried |= 1u << (exit - 1);
    }
    key.timed = desc.stage_ns != nullptr;

    if (input != nullptr) { // graphs have the address of the stage's own memory in them
        const PlacedStage &first = stages_[desc.first_stage];
        std::memcpy(first.input->data(), input, first.input_tensor().bytes);
    }
    Current current(*device_);
    const Plan &plan = plan_for(key);
    if (plan.stages.empty()) {
        Record nothing{};
        nothing.exit_and_flags = record_cut;
        fill(result, plan, nothing);
        if (desc.stage_ns != nullptr)
            std::fill_n(desc.stage_ns, desc.stage_ns_capacity, 0);
        return;
    }
    thresholds_ = {desc.thresholds, desc.threshold_count};
    said_ = {desc.said, desc.said_count};
    std::fill(std::begin(labels_), std::end(labels_), unknown);
    mailbox_.begin(thresholds);
    const Record &answer = run_plan(plan, plan.route);
    report_.route = plan.route;
    fill(result, plan, answer);
    if (desc.stage_ns != nullptr)
        fill_times(desc, plan, result.stages_run);
}

void DeviceChain::fill(edgeml_run_result &result, const Plan &plan, const Record &answer) const {
    constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
    result.label = -1;
    result.entropy = result.confidence = result.margin = nan_value;
    std::fill_n(result.exit_entropy, EDGEML_MAX_EXITS, nan_value);
    std::fill_n(result.exit_label, EDGEML_MAX_EXITS, -1);
    result.route = static_cast<std::uint32_t>(plan.route);
    std::uint32_t answering = answer.exit_and_flags & record_exit_mask;
    for (std::uint32_t i : plan.stages) {
        const PlacedStage &stage = stages_[i];
        ++result.stages_run;
        result.last_stage = i;
        std::uint32_t exit = stage.desc.exit_index;
        bool tried = exit != 0 && (stage.is_final() || (plan.key.tried & 1u << (exit - 1)) != 0);
        if (!tried)
            continue;
        const Record &record = mailbox_.exit(exit);
        result.flags |= (record.exit_and_flags & record_invalid) != 0 ? EDGEML_RESULT_INVALID_LOGITS : 0;
        if (!stage.is_final()) {
            result.exit_entropy[exit - 1] = rule_.is_entropy() ? record.entropy : uncertainties_[exit - 1];
            result.exit_label[exit - 1] = record.label;
        }
        if (exit != answering)
            continue;
        result.outcome = stage.is_final() ? EDGEML_OUTCOME_FINAL : EDGEML_OUTCOME_EXITED;
        result.exit_index = exit;
        result.label = record.label;
        result.entropy = !stage.is_final()    ? result.exit_entropy[exit - 1]
                         : rule_.is_entropy() ? record.entropy
                                              : of_final(stage);
        result.confidence = record.confidence;
        result.margin = record.margin;
        result.logits = reinterpret_cast<const float *>(stage.logits->data());
        result.logit_count = stage.desc.classes;
        return;
    }
    result.outcome = EDGEML_OUTCOME_CUT;
    const bool is_input = plan.cut_stage == Stretch::none;
    const PlacedStage &stage = stages_[is_input ? plan.key.first : plan.cut_stage];
    result.cut = is_input ? stage.input->data() : stage.boundary->data();
    result.cut_bytes = is_input ? stage.input_tensor().bytes : stage.boundary_tensor().bytes;
}

// A stage ends at its exit's record, or at its stamp.
void DeviceChain::fill_times(const edgeml_run_desc &desc, const Plan &plan, std::uint32_t stages_run) const {
    std::fill_n(desc.stage_ns, desc.stage_ns_capacity, 0);
    std::uint64_t last = mailbox_.stamp(0);
    for (std::uint32_t n = 0; n < stages_run; ++n) {
        const PlacedStage &stage = stages_[plan.stages[n]];
        std::uint32_t exit = stage.desc.exit_index;
        bool tried = exit != 0 && (stage.is_final() || (plan.key.tried & 1u << (exit - 1)) != 0);
        std::uint64_t now = tried ? mailbox_.exit(exit).device_ns : mailbox_.stamp(n + 1);
        if (plan.stages[n] < desc.stage_ns_capacity)
            desc.stage_ns[plan.stages[n]] = now - last;
        last = now;
    }
}

} // namespace

std::unique_ptr<Chain> make_chain(std::shared_ptr<const Device> device, const ChainOptions &options) {
    return std::make_unique<DeviceChain>(std::move(device), options);
}

} // namespace edgeml::cuda
