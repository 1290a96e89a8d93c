// Runs the stages of a chain on a device. The device decides about exits; the host only reads the decision record.
//
//   route A  one graph launch; each exit decides on the device whether the rest of the graph runs (nested IF nodes)
//   route B  one graph per stretch between two exits; the host reads the record and launches the next
//   route C  plain calls on a stream, decided like B
//
// All three read the same control block (thresholds, sequence) and write the same records, so thresholds change without
// touching a graph. Another range of stages, or another set of exits that are tried, is another plan: they are built at
// first use and kept, the least recently used leaving first.
#pragma once

#include "backend.h"
#include "backends/cuda/device.h"
#include "backends/cuda/segment.h"

namespace edgeml::cuda {

enum class Route : std::uint32_t { automatic = 0, device = 1, stages = 2, streams = 3 };
const char *route_name(Route route) noexcept; // "auto", "A", "B", "C"

enum class Wait : std::uint32_t { hybrid = 0, spin = 1, block = 2 };

struct ChainOptions {
    Route route = Route::automatic; // forced otherwise: EDGEML_E_UNSUPPORTED from a run if it cannot be had
    Wait wait = Wait::hybrid;
    std::uint32_t plans = 8;                   // kept at most
    std::uint32_t spin_us = 200;               // hybrid: reads the record this long, then looks between pauses
    std::uint32_t limit_ms = default_limit_ms; // longest wait for the device, 0 for none: then the device is given up

    // A task takes milliseconds; a device that needs this long is broken.
    static constexpr std::uint32_t default_limit_ms = 10000;

    // EDGEML_CUDA_ROUTE (auto, A, B, C), EDGEML_CUDA_WAIT (hybrid, spin, block), EDGEML_CUDA_LIMIT_MS.
    // EDGEML_E_INVALID_ARGUMENT for anything else in them.
    static ChainOptions from_environment();
};

// The inputs of edgeml_chain. Every network given to add must be a DeviceNetwork and every Memory a Buffer of
// the same device.
class Chain : public Runner {
  public:
    struct Report {
        Route route = Route::automatic; // of the last run
        std::string note;               // why it is not route A, "" when it is or when a route is forced
        std::uint64_t plans_built = 0;
        std::uint64_t captures = 0;
    };
    virtual Report report() const = 0;
};
std::unique_ptr<Chain> make_chain(std::shared_ptr<const Device> device, const ChainOptions &options);

// Makes and runs a tiny chain with one side exit: the route it took, and why not an earlier one.
Chain::Report probe_route(const std::shared_ptr<const Device> &device, const ChainOptions &options);

// The outputs of one run on host data, for Network::run_once of a DeviceNetwork.
std::unique_ptr<Outputs> run_once(std::shared_ptr<const Device> device, const DeviceNetwork &network,
                                  std::span<const void *const> inputs);

} // namespace edgeml::cuda
