#include "compute_place.h"

#include "status.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#if defined(__linux__)
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace edgeml {

#if defined(__linux__)

namespace {

// The mask of the main thread while this library is loaded. Later the program may have moved that thread.
cpu_set_t read_start_mask() noexcept {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    if (sched_getaffinity(getpid(), sizeof mask, &mask) != 0)
        CPU_ZERO(&mask); // more processors than a mask holds: none can be chosen
    return mask;
}

const cpu_set_t start_mask = read_start_mask();

// "0-3,6"
std::string to_text(const cpu_set_t &mask) {
    std::string text;
    for (int core = 0; core < CPU_SETSIZE; ++core) {
        if (!CPU_ISSET(core, &mask))
            continue;
        int last = core;
        while (last + 1 < CPU_SETSIZE && CPU_ISSET(last + 1, &mask))
            ++last;
        text += (text.empty() ? "" : ",") + std::to_string(core);
        if (last > core)
            text += "-" + std::to_string(last);
        core = last;
    }
    return text;
}

std::string rights_text() {
    rlimit limit{};
    getrlimit(RLIMIT_RTPRIO, &limit);
    return "RLIMIT_RTPRIO is " +
           (limit.rlim_cur == RLIM_INFINITY ? std::string("unlimited") : std::to_string(limit.rlim_cur)) +
           " (ulimit -r), and a higher one needs CAP_SYS_NICE";
}

std::string refusal(int priority, int error) {
    return "real-time priority " + std::to_string(priority) + " is refused: " + std::strerror(error) + "; " +
           rights_text();
}

// By system calls: the functions of glibc remember what they found once, those of musl do nothing.
int set_policy(int policy, const sched_param &param) noexcept {
    return syscall(SYS_sched_setscheduler, 0, policy, &param) == 0 ? 0 : errno;
}

int get_policy(int &policy, sched_param &param) noexcept {
    long found = syscall(SYS_sched_getscheduler, 0);
    if (found < 0 || syscall(SYS_sched_getparam, 0, &param) != 0)
        return errno;
    policy = static_cast<int>(found);
    return 0;
}

// `kept`: SCHED_RESET_ON_FORK, which only a privileged thread may give up.
int become_real_time(int priority, int kept = 0) noexcept {
    sched_param param{};
    param.sched_priority = priority;
    return set_policy(SCHED_FIFO | kept, param);
}

} // namespace

std::shared_ptr<const ComputePlace> ComputePlace::make(const edgeml_context_desc &desc) {
    if ((desc.cores == nullptr) != (desc.core_count == 0))
        reject(std::to_string(desc.core_count) + " cores at " + (desc.cores == nullptr ? "null" : "an address"));
    if (desc.core_count == 0 && desc.priority == 0)
        return nullptr;
    std::shared_ptr<const ComputePlace> place(new ComputePlace(desc));
    Stay tried(place.get()); // so that runs are not the first to be refused
    return place;
}

ComputePlace::ComputePlace(const edgeml_context_desc &desc) : priority_(static_cast<int>(desc.priority)) {
    CPU_ZERO(&callers_);
    int least = sched_get_priority_min(SCHED_FIFO), most = sched_get_priority_max(SCHED_FIFO);
    if (desc.priority != 0 && (desc.priority > INT32_MAX || priority_ < least || priority_ > most))
        reject("real-time priority " + std::to_string(desc.priority) + " is outside " + std::to_string(least) + ".." +
               std::to_string(most));
    std::uint32_t threads = std::max(desc.threads, 1u);
    if (desc.core_count > 0 && desc.core_count < threads)
        reject(std::to_string(threads) + " threads on " + std::to_string(desc.core_count) +
               " cores, at least one core per thread is needed");
    if (desc.core_count > CPU_SETSIZE)
        reject(std::to_string(desc.core_count) + " cores, at most " + std::to_string(CPU_SETSIZE) + " are possible");
    for (std::uint32_t i = 0; i < desc.core_count; ++i) {
        std::uint32_t core = desc.cores[i];
        if (core >= CPU_SETSIZE || !CPU_ISSET(core, &start_mask))
            throw Error(EDGEML_E_UNSUPPORTED, "core " + std::to_string(core) + " is not among cores " +
                                                  to_text(start_mask) + ", with which this process was started");
        if (std::find(cores_.begin(), cores_.end(), core) != cores_.end())
            reject("core " + std::to_string(core) + " is named twice");
        cores_.push_back(core);
        if (i + threads <= desc.core_count)
            CPU_SET(core, &callers_);
    }
}

std::string ComputePlace::take(std::size_t worker, std::size_t workers) const {
    if (!cores_.empty()) {
        std::uint32_t core = cores_[cores_.size() - workers + worker];
        cpu_set_t own;
        CPU_ZERO(&own);
        CPU_SET(core, &own);
        if (int error = pthread_setaffinity_np(pthread_self(), sizeof own, &own))
            return "core " + std::to_string(core) + " is refused: " + std::strerror(error);
    }
    if (priority_ != 0)
        if (int error = become_real_time(priority_))
            return refusal(priority_, error);
    return {};
}

void ComputePlace::Stay::enter() {
    pthread_t self = pthread_self();
    if (!place_->cores_.empty()) {
        int error = pthread_getaffinity_np(self, sizeof mask_, &mask_);
        has_mask_ = error == 0 && !CPU_EQUAL(&mask_, &place_->callers_);
        if (has_mask_)
            error = pthread_setaffinity_np(self, sizeof place_->callers_, &place_->callers_);
        if (error != 0)
            throw Error(EDGEML_E_UNSUPPORTED,
                        "cores " + to_text(place_->callers_) + " are refused: " + std::strerror(error));
    }
    if (place_->priority_ == 0)
        return;
    int error = get_policy(policy_, param_);
    // A caller that is ahead already stays as it is.
    int scheduled = policy_ & ~SCHED_RESET_ON_FORK;
    bool is_ahead = error == 0 && (scheduled == SCHED_DEADLINE || ((scheduled == SCHED_FIFO || scheduled == SCHED_RR) &&
                                                                   param_.sched_priority >= place_->priority_));
    if (error == 0 && !is_ahead)
        error = become_real_time(place_->priority_, policy_ & SCHED_RESET_ON_FORK);
    has_priority_ = error == 0 && !is_ahead;
    if (error != 0) {
        leave();
        throw Error(EDGEML_E_UNSUPPORTED, refusal(place_->priority_, error));
    }
}

void ComputePlace::Stay::leave() noexcept {
    pthread_t self = pthread_self();
    if (has_priority_)
        set_policy(policy_, param_);
    if (has_mask_)
        pthread_setaffinity_np(self, sizeof mask_, &mask_);
}

#else

std::shared_ptr<const ComputePlace> ComputePlace::make(const edgeml_context_desc &desc) {
    if (desc.core_count > 0 || desc.priority != 0)
        throw Error(EDGEML_E_UNSUPPORTED, "cores and real-time priority can be chosen on Linux alone");
    return nullptr;
}

std::string ComputePlace::take(std::size_t, std::size_t) const {
    return {};
}

void ComputePlace::Stay::enter() {}

void ComputePlace::Stay::leave() noexcept {}

#endif

} // namespace edgeml
