// Threads that compute: where they run, before whom, and what a run leaves of the caller's state.
#include "check.h"

#include <algorithm>
#include <cfenv>
#include <cstring>
#include <dirent.h>
#include <sched.h>
#include <set>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

using test::make;

namespace {

std::vector<std::uint32_t> cores_of(const cpu_set_t &mask) {
    std::vector<std::uint32_t> cores;
    for (std::uint32_t core = 0; core < CPU_SETSIZE; ++core)
        if (CPU_ISSET(core, &mask))
            cores.push_back(core);
    return cores;
}

cpu_set_t mask_of(pid_t thread) {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    EXPECT(sched_getaffinity(thread, sizeof mask, &mask) == 0);
    return mask;
}

std::set<pid_t> threads_now() {
    std::set<pid_t> threads;
    DIR *folder = opendir("/proc/self/task");
    while (dirent *entry = readdir(folder))
        if (entry->d_name[0] != '.')
            threads.insert(std::atoi(entry->d_name));
    closedir(folder);
    return threads;
}

std::vector<pid_t> new_threads(const std::set<pid_t> &before) {
    std::vector<pid_t> made;
    for (pid_t thread : threads_now())
        if (before.count(thread) == 0)
            made.push_back(thread);
    return made;
}

edgeml_context_desc describe(std::uint32_t threads, std::uint32_t flags, const std::vector<std::uint32_t> &cores = {},
                             std::uint32_t priority = 0) {
    auto desc = make<edgeml_context_desc>();
    desc.threads = threads;
    desc.flags = flags;
    desc.cores = cores.empty() ? nullptr : cores.data();
    desc.core_count = static_cast<std::uint32_t>(cores.size());
    desc.priority = priority;
    return desc;
}

edgeml_context_info info_of(edgeml_context *context) {
    auto info = make<edgeml_context_info>();
    EXPECT_STATUS(edgeml_context_get_info(&info, context), EDGEML_OK);
    return info;
}

// One engine in a chain that can run again and again.
class Running {
  public:
    explicit Running(edgeml_context *context) : engine_(test::load(context, "fused")) {
        input_ = test::make_buffer(context, 8);
        logits_ = test::make_buffer(context, 3);
        REQUIRE(edgeml_chain_create(&chain_, context));
        auto stage = make<edgeml_stage>();
        stage.flags = EDGEML_STAGE_FINAL;
        stage.logits_output = 1;
        stage.exit_index = 1;
        stage.classes = 3;
        REQUIRE(edgeml_chain_add(chain_, engine_, input_, nullptr, logits_, &stage));
    }
    ~Running() {
        edgeml_chain_destroy(chain_);
        edgeml_engine_destroy(engine_);
        edgeml_buffer_destroy(logits_);
        edgeml_buffer_destroy(input_);
    }

    edgeml_status run() {
        auto desc = make<edgeml_run_desc>();
        auto result = make<edgeml_run_result>();
        return edgeml_chain_run(&result, chain_, &desc);
    }

  private:
    edgeml_engine *const engine_;
    edgeml_buffer *input_ = nullptr, *logits_ = nullptr;
    edgeml_chain *chain_ = nullptr;
};

#if defined(__x86_64__)
using Control = unsigned;
Control control() {
    return _mm_getcsr() & ~0x3fu; // without the sticky flags of exceptions
}
void set_control(Control value) {
    _mm_setcsr(value);
}
constexpr Control flushing = 0x8040; // flush-to-zero, denormals-are-zero
constexpr Control upwards = 0x4000;
#elif defined(__aarch64__)
using Control = std::uint64_t;
Control control() {
    Control value = 0;
    asm volatile("mrs %0, fpcr" : "=r"(value));
    return value;
}
void set_control(Control value) {
    asm volatile("msr fpcr, %0" : : "r"(value));
}
constexpr Control flushing = 1u << 24;
constexpr Control upwards = 1u << 22;
#endif

// First of all: the first session of a process is the one that changes the thread that makes it.
void a_run_leaves_rounding_and_flushing_as_they_were() {
#if defined(__x86_64__) || defined(__aarch64__)
    const Control usual = control();
    for (Control state : {usual | flushing, usual | upwards, usual}) {
        for (std::uint32_t flags : {0u, EDGEML_CONTEXT_OWN_THREADS}) {
            set_control(state);
            edgeml_context *context = nullptr;
            edgeml_context_desc desc = describe(2, flags);
            EXPECT_STATUS(edgeml_context_create(&context, &desc), EDGEML_OK);
            Control after_context = control();
            Running running(context);
            Control after_engine = control();
            EXPECT_STATUS(running.run(), EDGEML_OK);
            Control after_run = control();
            set_control(usual);
            EXPECT(after_context == state && after_engine == state && after_run == state);
            edgeml_context_destroy(context);
        }
    }
#endif
}

void a_context_without_own_threads_shares_the_pool() {
    edgeml_context *first = nullptr, *second = nullptr;
    edgeml_context_desc desc = describe(2, 0);
    REQUIRE(edgeml_context_create(&first, &desc));
    desc.threads = 3;
    REQUIRE(edgeml_context_create(&second, &desc));
    EXPECT(info_of(second).threads == 2 && info_of(second).flags == 0);
    edgeml_context_destroy(second);
    desc.flags = EDGEML_CONTEXT_OWN_THREADS;
    REQUIRE(edgeml_context_create(&second, &desc));
    EXPECT(info_of(second).threads == 3 && info_of(second).flags == EDGEML_CONTEXT_OWN_THREADS);
    std::set<pid_t> before = threads_now();
    {
        Running shared(first);
        EXPECT(new_threads(before).empty());
        EXPECT_STATUS(shared.run(), EDGEML_OK);
        Running own(second);
        EXPECT(new_threads(before).size() == 2);
        EXPECT_STATUS(own.run(), EDGEML_OK);
    }
    EXPECT(new_threads(before).empty());
    edgeml_context_destroy(first);
    edgeml_context_destroy(second);
}

// Where the environment was made without a pool, a context for more than one thread gets its own.
void the_pool_is_no_one_s_after_a_context_with_own_threads() {
    edgeml_context *own = nullptr, *one = nullptr, *three = nullptr;
    edgeml_context_desc desc = describe(2, EDGEML_CONTEXT_OWN_THREADS);
    REQUIRE(edgeml_context_create(&own, &desc));
    desc = describe(1, 0);
    REQUIRE(edgeml_context_create(&one, &desc));
    EXPECT(info_of(one).threads == 1 && info_of(one).flags == 0);
    desc = describe(3, 0);
    REQUIRE(edgeml_context_create(&three, &desc));
    EXPECT(info_of(three).threads == 3 && info_of(three).flags == EDGEML_CONTEXT_OWN_THREADS);
    for (edgeml_context *context : {own, one, three})
        edgeml_context_destroy(context);
}

void threads_stay_on_the_cores_named() {
    const cpu_set_t whole = mask_of(0);
    std::vector<std::uint32_t> cores = cores_of(whole);
    if (cores.size() < 2) {
        std::printf("thread_tests: one core alone, cores are not tested\n");
        return;
    }
    cores.resize(2);
    edgeml_context *context = nullptr;
    edgeml_context_desc desc = describe(2, 0, cores);
    EXPECT_STATUS(edgeml_context_create(&context, &desc), EDGEML_OK);
    EXPECT(info_of(context).flags == EDGEML_CONTEXT_OWN_THREADS);
    std::set<pid_t> before = threads_now();
    {
        Running running(context);
        std::vector<pid_t> made = new_threads(before);
        EXPECT(made.size() == 1 && cores_of(mask_of(made[0])) == std::vector<std::uint32_t>{cores[1]});
        EXPECT_STATUS(running.run(), EDGEML_OK);
        cpu_set_t after = mask_of(0);
        EXPECT(CPU_EQUAL(&after, &whole));

        // A caller that had another mask has it again.
        std::thread elsewhere([&] {
            cpu_set_t narrow;
            CPU_ZERO(&narrow);
            CPU_SET(cores[1], &narrow);
            EXPECT(sched_setaffinity(0, sizeof narrow, &narrow) == 0);
            EXPECT_STATUS(running.run(), EDGEML_OK);
            cpu_set_t left = mask_of(0);
            EXPECT(CPU_EQUAL(&left, &narrow));
        });
        elsewhere.join();
    }
    edgeml_context_destroy(context);
}

void what_cannot_be_is_refused() {
    edgeml_context *context = nullptr;
    std::vector<std::uint32_t> cores = cores_of(mask_of(0));
    std::uint32_t foreign = cores.back() + 1;
    const std::vector<std::uint32_t> outside = {foreign}, twice = {cores[0], cores[0]}, one = {cores[0]};
    edgeml_context_desc desc = describe(1, 0, outside);
    EXPECT_FAILURE(edgeml_context_create(&context, &desc), EDGEML_E_UNSUPPORTED,
                   "core " + std::to_string(foreign) + " is not among cores " + std::to_string(cores.front()));
    desc = describe(1, 0, twice);
    EXPECT_FAILURE(edgeml_context_create(&context, &desc), EDGEML_E_INVALID_ARGUMENT, "named twice");
    desc = describe(2, 0, one);
    EXPECT_FAILURE(edgeml_context_create(&context, &desc), EDGEML_E_INVALID_ARGUMENT, "2 threads on 1 cores");
    desc = describe(1, 0, {}, 100);
    EXPECT_FAILURE(edgeml_context_create(&context, &desc), EDGEML_E_INVALID_ARGUMENT, "100 is outside 1..99");
    desc = describe(1, EDGEML_CONTEXT_OWN_THREADS | EDGEML_CONTEXT_ALLOW_SPINNING);
    EXPECT_FAILURE(edgeml_context_create(&context, &desc), EDGEML_E_INVALID_ARGUMENT, "spinning");
    desc = describe(1, EDGEML_CONTEXT_OWN_THREADS);
    desc.backend = EDGEML_BACKEND_TENSORRT;
    EXPECT_FAILURE(edgeml_context_create(&context, &desc), EDGEML_E_INVALID_ARGUMENT, "TensorRT");
    desc = describe(1, 0);
    desc.core_count = 1;
    EXPECT_FAILURE(edgeml_context_create(&context, &desc), EDGEML_E_INVALID_ARGUMENT, "1 cores at null");
}

void a_priority_is_had_while_computing_or_refused_with_the_limit() {
    edgeml_context *context = nullptr;
    edgeml_context_desc desc = describe(2, 0, {}, 3);
    edgeml_status status = edgeml_context_create(&context, &desc);
    if (status != EDGEML_OK) {
        rlimit limit{};
        getrlimit(RLIMIT_RTPRIO, &limit);
        EXPECT(status == EDGEML_E_UNSUPPORTED);
        EXPECT(test::last_error().find("RLIMIT_RTPRIO is " + std::to_string(limit.rlim_cur)) != std::string::npos);
        std::printf("thread_tests: without the right to a priority: %s\n", test::last_error().c_str());
        return;
    }
    std::set<pid_t> before = threads_now();
    {
        Running running(context);
        std::vector<pid_t> made = new_threads(before);
        sched_param param{};
        EXPECT(made.size() == 1 && sched_getscheduler(made[0]) == SCHED_FIFO && sched_getparam(made[0], &param) == 0 &&
               param.sched_priority == 3);
        EXPECT_STATUS(running.run(), EDGEML_OK);
        EXPECT(sched_getscheduler(0) == SCHED_OTHER);

        // A caller that is ahead stays so.
        std::thread ahead([&] {
            sched_param own{};
            own.sched_priority = 7;
            EXPECT(sched_setscheduler(0, SCHED_RR, &own) == 0);
            EXPECT_STATUS(running.run(), EDGEML_OK);
            own.sched_priority = 0;
            EXPECT(sched_getscheduler(0) == SCHED_RR && sched_getparam(0, &own) == 0 && own.sched_priority == 7);
        });
        ahead.join();
    }
    edgeml_context_destroy(context);
}

} // namespace

int main() {
    a_run_leaves_rounding_and_flushing_as_they_were();
    a_context_without_own_threads_shares_the_pool();
    the_pool_is_no_one_s_after_a_context_with_own_threads();
    threads_stay_on_the_cores_named();
    what_cannot_be_is_refused();
    a_priority_is_had_while_computing_or_refused_with_the_limit();
    return test::finish("thread_tests");
}
