// From nothing to the first answer of the shipped model, with lazy and with eager loading of kernels: each in a
// separate process, because the driver reads that setting once.
#include "pictures.h"
#include "shipped_chain.h"

#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace bench {

namespace {

double ms_since(std::chrono::steady_clock::time_point begin) {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

} // namespace

// In the separate process: prints the times.
int first_run() {
    auto begin = std::chrono::steady_clock::now();
    auto device = std::make_shared<const Device>(Driver::open(nullptr), 0);
    double opened = ms_since(begin);
    const ShippedModel model;
    const std::vector<float> image = pictures(model, 0, 1)[0];
    begin = std::chrono::steady_clock::now();
    ShippedChain chain(device, model, Route::automatic);
    double made = ms_since(begin);
    begin = std::chrono::steady_clock::now();
    chain.run(image, std::vector<float>(model.heads.size(), 0.5f));
    std::printf("%.1f %.1f %.1f\n", opened, made, ms_since(begin));
    return 0;
}

void measure_loading(Session &session) {
    session.line("## First run\n\nms, in a new process each: driver and context, kernels and weights, the first answer "
                 "(captures and graphs included).\n\n| CUDA_MODULE_LOADING | context | load | first answer |\n"
                 "|---|---|---|---|");
    char self[4096] = {};
    ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
    for (const char *mode : {"LAZY", "EAGER"}) {
        setenv("CUDA_MODULE_LOADING", mode, 1);
        FILE *child = length > 0 ? popen(("'" + std::string(self) + "' --first-run").c_str(), "r") : nullptr;
        double opened = 0, made = 0, first = 0;
        bool read = child != nullptr && std::fscanf(child, "%lf %lf %lf", &opened, &made, &first) == 3;
        if (child != nullptr)
            read = pclose(child) == 0 && read;
        session.expect(read, "a first run failed");
        session.line("| %s | %.1f | %.1f | %.1f |", mode, opened, made, first);
    }
    session.line("%s", "");
}

} // namespace bench
