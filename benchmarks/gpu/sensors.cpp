// How often the energy sensors of this machine move: NVML's, and a Jetson's INA3221.
#include "bench.h"

#include <algorithm>
#include <cstdlib>
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <optional>

namespace bench {

namespace {

using Clock = std::chrono::steady_clock;
using Reading = std::function<std::optional<std::uint64_t>()>;

// Mean time between two values that differ, in ms; nothing when the sensor does not move.
std::optional<double> period_ms(const Reading &read, Clock::duration length) {
    const auto begin = Clock::now();
    Clock::time_point first{}, last{};
    int changes = 0;
    for (std::optional<std::uint64_t> before = read(), now = before; Clock::now() - begin < length; now = read()) {
        if (!now || now == before)
            continue;
        before = now;
        last = Clock::now();
        first = changes++ == 0 ? last : first;
    }
    if (changes < 3)
        return std::nullopt;
    return std::chrono::duration<double, std::milli>(last - first).count() / (changes - 1);
}

// libnvidia-ml, for one board; stays loaded.
struct Nvml {
    void *board = nullptr;
    std::string reason;
    int (*energy)(void *, unsigned long long *) = nullptr;
    int (*power)(void *, unsigned *) = nullptr;

    explicit Nvml(const std::string &pci_bus_id) {
        const char *named = std::getenv("EDGEML_NVML");
        void *library = dlopen(named != nullptr ? named : "libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
        if (library == nullptr) {
            reason = "libnvidia-ml.so.1 is not there";
            return;
        }
        auto init = reinterpret_cast<int (*)()>(dlsym(library, "nvmlInit_v2"));
        auto find =
            reinterpret_cast<int (*)(const char *, void **)>(dlsym(library, "nvmlDeviceGetHandleByPciBusId_v2"));
        energy = reinterpret_cast<decltype(energy)>(dlsym(library, "nvmlDeviceGetTotalEnergyConsumption"));
        power = reinterpret_cast<decltype(power)>(dlsym(library, "nvmlDeviceGetPowerUsage"));
        if (init == nullptr || find == nullptr || init() != 0 || find(pci_bus_id.c_str(), &board) != 0) {
            reason = "NVML does not know the board " + pci_bus_id;
            board = nullptr;
        }
    }
};

std::string ina3221_file() {
    std::error_code ignored;
    for (const auto &chip : std::filesystem::directory_iterator("/sys/class/hwmon", ignored)) {
        std::string name;
        std::ifstream(chip.path() / "name") >> name;
        if (name == "ina3221" && std::filesystem::exists(chip.path() / "curr1_input"))
            return (chip.path() / "curr1_input").string();
    }
    return {};
}

void row(Session &session, const char *sensor, const Reading &read) {
    std::optional<double> ms =
        period_ms(read, session.is_quick ? Clock::duration(50'000'000) : std::chrono::seconds(3));
    if (ms)
        session.line("| %s | %.1f |", sensor, *ms);
    else
        session.line("| %s | does not move |", sensor);
}

} // namespace

void measure_sensors(Session &session) {
    session.line("## Energy sensors\n\n| sensor | ms between two values that differ |\n|---|---|");
    const Nvml nvml(session.device->pci_bus_id);
    if (nvml.board == nullptr)
        session.line("| NVML | %s |", nvml.reason.c_str());
    if (nvml.board != nullptr && nvml.energy != nullptr)
        row(session, "NVML energy", [&]() -> std::optional<std::uint64_t> {
            unsigned long long millijoules = 0;
            return nvml.energy(nvml.board, &millijoules) == 0 ? std::optional<std::uint64_t>(millijoules)
                                                              : std::nullopt;
        });
    if (nvml.board != nullptr && nvml.power != nullptr)
        row(session, "NVML power", [&]() -> std::optional<std::uint64_t> {
            unsigned milliwatts = 0;
            return nvml.power(nvml.board, &milliwatts) == 0 ? std::optional<std::uint64_t>(milliwatts) : std::nullopt;
        });
    if (std::string file = ina3221_file(); file.empty())
        session.line("| INA3221 | none on this machine |");
    else
        row(session, "INA3221 current", [&]() -> std::optional<std::uint64_t> {
            std::uint64_t milliamperes = 0;
            std::ifstream text(file);
            return text >> milliamperes ? std::optional<std::uint64_t>(milliamperes) : std::nullopt;
        });
    session.line("%s", "");
}

} // namespace bench
