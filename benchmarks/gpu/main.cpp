// gpu_bench [--quick] [--out PAGE.md]: measures the driver layer, the exit kernel and the routes on this machine's GPU.
#include "bench.h"

#include <cstdio>
#include <cstring>
#include <ctime>

namespace bench {

void Session::line(const char *format, ...) {
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    std::puts(text);
    std::fflush(stdout);
    if (page.is_open())
        page << text << std::endl;
}

void Session::expect(bool ok, const char *what) {
    if (ok)
        return;
    ++failures;
    line("\n**WRONG: %s.**\n", what);
}

namespace {

void describe(Session &session) {
    const Device &d = *session.device;
    char day[32];
    std::time_t now = std::time(nullptr);
    std::strftime(day, sizeof day, "%Y-%m-%d", std::gmtime(&now));
    session.line("# GPU: %s\n", d.name.c_str());
    if (session.is_double())
        session.line(
            "**No GPU was there.** This run used the test double of the CUDA driver: it proves that the program "
            "and the routes work, its times say nothing about any GPU.\n");
    session.line("| | |\n|---|---|\n| date | %s |\n| program | %s, %s |\n| device | %s, capability %d.%d, %d SMs, %s "
                 "|\n| driver | CUDA %d.%d, %s |",
                 day, "compiled by " BENCH_COMPILER, session.is_quick ? "--quick" : "full", d.name.c_str(),
                 d.compute_major, d.compute_minor, d.sm_count, d.integrated ? "integrated" : "discrete",
                 d.driver->version / 1000, d.driver->version % 1000 / 10, d.driver->path.c_str());
    session.line("| memory | %.1f GiB |\n| runs per figure | %d |\n", static_cast<double>(d.bytes) / (1 << 30),
                 session.runs);
}

void conclude(Session &session) {
    session.line("## Default route\n");
    if (session.is_double())
        session.line(
            "**Unmeasured: no GPU was at hand.** Route A is preferred wherever the driver takes it, by design: "
            "one launch a task, and the host touches nothing between exits.\n");
    else if (session.fastest == Route::automatic)
        session.line("**Unmeasured:** see what went wrong above.\n");
    else
        session.line(
            "Route A is preferred wherever the driver takes it. Fastest here at 50 %% early exits with segments "
            "that cost something: route %s%s.\n",
            route_name(session.fastest),
            session.fastest == Route::device ? "" : "; the default is to be looked at again for this device");
    session.line("Not measured here, because they need TensorRT: whether its segments capture and with which nodes, "
                 "agreement of its fp16 and fp32 with the CPU backend.");
    session.line("\n%d answers were wrong.", session.failures);
}

// One that fails leaves its reason on the page, and the others are still measured. A lost device ends all.
void measure_all(Session &session) {
    for (auto measure : {measure_decisions, measure_routes, measure_model, measure_waiting, measure_memory,
                         measure_loading, measure_sensors})
        try {
            measure(session);
        } catch (const Error &e) {
            session.expect(false, e.what());
            if (e.status() == EDGEML_E_DEVICE_LOST)
                return;
        }
}

int run(int argc, char **argv) {
    Session session;
    std::string out;
    for (int i = 1; i < argc; ++i) {
        if (std::strcmp(argv[i], "--quick") == 0) {
            session.is_quick = true;
            session.runs = 10;
            session.vectors = 100;
        } else if (std::strcmp(argv[i], "--first-run") == 0) {
            return first_run();
        } else if (std::strcmp(argv[i], "--out") == 0 && i + 1 < argc) {
            out = argv[++i];
        } else {
            std::fprintf(stderr,
                         "gpu_bench [--quick] [--out PAGE.md]; EDGEML_CUDA_DRIVER names another driver library\n");
            return 2;
        }
    }
    session.device = std::make_shared<const Device>(Driver::open(nullptr), 0);
    if (!out.empty())
        session.page.open(out, std::ios::binary);
    describe(session);
    measure_all(session);
    conclude(session);
    if (!out.empty() && !session.page.flush())
        throw Error(EDGEML_E_INVALID_ARGUMENT, "cannot write " + out);
    return session.failures == 0 ? 0 : 1;
}

} // namespace
} // namespace bench

int main(int argc, char **argv) {
    try {
        return bench::run(argc, argv);
    } catch (const std::exception &e) {
        std::fprintf(stderr, "gpu_bench: %s\n", e.what());
        return 2;
    }
}
