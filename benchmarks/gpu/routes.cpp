// Routes A, B and C on the same stand-in chain, and what a level of nesting costs.
#include "bench.h"

#include <limits>

namespace bench {

namespace {

constexpr Route routes[] = {Route::device, Route::stages, Route::streams};

// Why the route cannot be had, or "".
std::string refusal(Line &line) {
    try {
        line.run();
        return {};
    } catch (const Error &e) {
        return e.what();
    }
}

void compare(Session &session, std::uint64_t unit_us, std::uint64_t head_us) {
    session.line("\n3 side exits; a unit holds the device %llu µs, a head %llu µs; polled by spinning.\n",
                 static_cast<unsigned long long>(unit_us), static_cast<unsigned long long>(head_us));
    double best = std::numeric_limits<double>::infinity();
    session.line("| early exits | route | mean µs | p50 | p99 |\n|---|---|---|---|---|");
    for (int percent : {0, 50, 100})
        for (Route route : routes) {
            Line line(session.device, route, 3, unit_us * 1000, head_us * 1000);
            line.set_input(false);
            std::string reason = refusal(line);
            if (!reason.empty()) {
                session.line("| %d %% | %s | %s | | |", percent, route_name(route), reason.c_str());
                continue;
            }
            int n = 0, wrong = 0;
            Spread s = measure_us(session.runs, [&] {
                bool easy = percent == 100 || (percent == 50 && ++n % 2 == 0);
                line.set_input(easy);
                edgeml_run_result r = line.run();
                bool right = easy ? r.exit_index == 1 && r.label == 3 && r.outcome == EDGEML_OUTCOME_EXITED
                                  : r.exit_index == 4 && r.outcome == EDGEML_OUTCOME_FINAL && r.exit_label[2] == 0;
                wrong += right ? 0 : 1;
            });
            session.line("| %d %% | %s | %.1f | %.1f | %.1f |", percent, route_name(route), s.mean, s.p50, s.p99);
            if (percent == 50 && unit_us > 0 && s.mean < best) {
                best = s.mean;
                session.fastest = route;
            }
            session.expect(wrong == 0, "a route gave another answer");
        }
}

} // namespace

void measure_routes(Session &session) {
    session.line("## Routes\n");
    Line probe(session.device, Route::automatic, 3, 0, 0);
    probe.set_input(false);
    probe.run();
    Chain::Report report = probe.report();
    session.line("The probe chose route %s%s%s.", route_name(report.route), report.note.empty() ? "" : ": ",
                 report.note.c_str());
    compare(session, 0, 0);
    compare(session, 50, 10);

    session.line("\nNesting: every segment costs nothing, all exits are tried and none is taken; per exit means the "
                 "slope between 1 and 8.\n");
    session.line("| route | 1 exit µs | 2 | 4 | 8 | per exit µs | exit taken at the first of 8 "
                 "|\n|---|---|---|---|---|---|---|");
    for (Route route : routes) {
        double us[4] = {}, first = 0;
        std::string reason;
        int exits[] = {1, 2, 4, 8};
        for (int i = 0; i < 4 && reason.empty(); ++i) {
            Line line(session.device, route, exits[i], 0, 0);
            line.set_input(false);
            reason = refusal(line);
            if (!reason.empty())
                break;
            us[i] = measure_us(session.runs, [&] { line.run(); }).p50;
            line.set_input(true);
            first = measure_us(session.runs, [&] { line.run(); }).p50;
        }
        if (reason.empty())
            session.line("| %s | %.1f | %.1f | %.1f | %.1f | %.2f | %.1f |", route_name(route), us[0], us[1], us[2],
                         us[3], (us[3] - us[0]) / 7, first);
        else
            session.line("| %s | %s | | | | | |", route_name(route), reason.c_str());
    }
    session.line("%s", "");
}

} // namespace bench
