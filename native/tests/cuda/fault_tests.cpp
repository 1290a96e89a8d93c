// Every injected fault ends in its status or in the next route.
#include "double.h"
#include "groups.h"

#include <tuple>

namespace test {

using namespace edgeml::cuda;

namespace {

ChainOptions forced(Route route) {
    ChainOptions options;
    options.route = route;
    return options;
}

void falls_back(const char *fault, Habit habit, Route expected, const char *reason) {
    faults(fault);
    {
        auto device = fake_device();
        Rig rig(device, {}, habit), host(nullptr);
        for (std::uint32_t seed = 1; seed < 5; ++seed) {
            rig.set_input(seed, 2);
            host.set_input(seed, 2);
            edgeml_run_result got = rig.run({0.6f, 0.6f});
            EXPECT(same(got, host.run({0.6f, 0.6f})));
            EXPECT(got.route == static_cast<std::uint32_t>(expected));
        }
        std::string note = rig.report().note;
        if (note.find(reason) == std::string::npos) {
            expect(false, "another reason", __FILE__, __LINE__);
            std::fprintf(stderr, "%s: \"%s\"\n", fault, note.c_str());
        }
        for (Route route : {Route::device, Route::stages, Route::streams}) {
            Rig strict(device, forced(route), habit);
            edgeml_run_result result;
            bool has_it = route >= expected;
            EXPECT(strict.try_run(result, {0.6f, 0.6f}) == (has_it ? EDGEML_OK : EDGEML_E_UNSUPPORTED));
            EXPECT(has_it || last_error().find(std::string("route ") + route_name(route)) == 0);
        }
    }
    faults("");
}

void what_a_driver_lacks_costs_a_route() {
    falls_back("version=12030", Habit::good, Route::stages, "conditional nodes need CUDA 12.4, the driver is 12.3");
    falls_back("version=11040", Habit::good, Route::stages, "the driver is 11.4");
    falls_back("no_conditional", Habit::good, Route::stages, "cuGraphConditionalHandleCreate");
    falls_back("no_instantiate", Habit::good, Route::streams, "cuGraphInstantiate");
    falls_back("no_capture", Habit::good, Route::streams, "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED");
    falls_back("", Habit::host_node, Route::stages, "a graph node of type 3");
    falls_back("", Habit::breaks_capture, Route::streams, "route B");
    falls_back("", Habit::not_capturable, Route::streams, "stage 2 cannot be captured");
    falls_back("integrated", Habit::good, Route::device, "");
}

void a_driver_that_refuses_the_kernels_is_unsupported() {
    faults("bad_ptx");
    {
        auto device = fake_device();
        edgeml_status status = EDGEML_OK;
        std::string text;
        try {
            make_chain(device, {});
        } catch (const Error &e) {
            status = e.status();
            text = e.what();
        }
        EXPECT(status == EDGEML_E_UNSUPPORTED && text.find("refused by the double") != std::string::npos);
    }
    faults("");
}

void what_the_kernels_cannot_do_is_unsupported() {
    faults("capability=61");
    edgeml_status status = EDGEML_OK;
    std::string text;
    try {
        fake_device();
    } catch (const Error &e) {
        status = e.status();
        text = e.what();
    }
    EXPECT(status == EDGEML_E_UNSUPPORTED && text.find("compute capability 6.1, 7.0 is needed") != std::string::npos);
    faults("");
    auto device = fake_device();
    const DeviceDense network(device, {}, {}, Habit::good);
    const Buffer in(device, Dense::width * sizeof(float), 0), logits(device, 4097 * sizeof(float), 0);
    auto stage = make<edgeml_stage>();
    stage.exit_index = 1;
    stage.classes = 4097;
    std::unique_ptr<Chain> chain = make_chain(device, {});
    try {
        chain->add({stage, &network, &in, nullptr, &logits});
        expect(false, "too many classes", __FILE__, __LINE__);
    } catch (const Error &e) {
        EXPECT(e.status() == EDGEML_E_UNSUPPORTED && std::string(e.what()).find("4097 classes") != std::string::npos);
    }
}

void a_segment_that_fails_fails_the_run() {
    auto device = fake_device();
    Rig rig(device, {}, Habit::fails);
    edgeml_run_result result;
    EXPECT_STATUS(rig.try_run(result, {0.5f}), EDGEML_E_RUN_FAILED);
    EXPECT_STATUS(rig.try_run(result, {2}, 0, 2), EDGEML_OK); // what does not need that segment works
}

void memory_that_ends_is_said_and_nothing_is_left() {
    auto device = fake_device();
    edgeml_fake_cuda_counts before = counts();
    // The need of a whole rig, in steps, so that every allocation fails once.
    int failed = 0, succeeded = 0;
    for (std::uint64_t kind = 0; kind < 2; ++kind)
        for (std::uint64_t bytes = 0; bytes < 6000; bytes += 256) {
            faults(((kind == 0 ? "memory=" : "pinned=") + std::to_string(bytes)).c_str());
            try {
                Rig rig(device);
                edgeml_run_result result;
                edgeml_status status = rig.try_run(result, {0.5f, 0.5f});
                EXPECT(status == EDGEML_OK || status == EDGEML_E_OUT_OF_MEMORY);
                (status == EDGEML_OK ? succeeded : failed) += 1;
            } catch (const Error &e) {
                EXPECT(e.status() == EDGEML_E_OUT_OF_MEMORY);
                ++failed;
            }
            edgeml_fake_cuda_counts after = counts();
            EXPECT(after.device_bytes == before.device_bytes && after.pinned_bytes == before.pinned_bytes);
            EXPECT(after.streams == before.streams && after.graphs == before.graphs && after.events == before.events);
        }
    EXPECT(failed > 5 && succeeded > 0);
    faults("");
}

void a_lost_device_stays_lost_and_frees_all() {
    for (Route route : {Route::automatic, Route::device, Route::stages, Route::streams})
        for (int kernel = 1; kernel < 40; kernel += 3) {
            faults("");
            auto device = fake_device();
            Rig rig(device, forced(route));
            faults(("lost=" + std::to_string(kernel)).c_str());
            edgeml_run_result result;
            edgeml_status status = EDGEML_OK;
            for (int i = 0; i < 40 && status == EDGEML_OK; ++i)
                status = rig.try_run(result, {1e-30f, 1e-30f});
            EXPECT(status == EDGEML_E_DEVICE_LOST);
            EXPECT(last_error().find("CUDA_ERROR_ILLEGAL_ADDRESS") != std::string::npos);
            EXPECT_STATUS(rig.try_run(result, {0.5f}), EDGEML_E_DEVICE_LOST);
            EXPECT_STATUS(rig.try_run(result, {0.5f}, 2), EDGEML_E_DEVICE_LOST);
        }
    faults("");
    Rig rig(fake_device());
    rig.run({0.5f});
}

void a_probe_says_which_route_and_why() {
    auto info = make<edgeml_device_info>();
    EXPECT_STATUS(edgeml_device_probe(&info, 0, EDGEML_TEST_DRIVER), EDGEML_OK);
    EXPECT(info.route == EDGEML_ROUTE_DEVICE && info.route_note[0] == 0 && info.driver_version == 12060);
    EXPECT(info.compute_major == 8 && info.compute_minor == 6 && info.processors == 8 && info.flags == 0);
    EXPECT(info.bytes == 8ull << 30 && std::string(info.name) == "Fake CUDA device");
    EXPECT(std::string(info.driver_path) == EDGEML_TEST_DRIVER && std::string(info.pci_bus_id) == "0000:fa:ce.0");
    for (auto [fault, route, note] : {std::tuple{"version=12030", EDGEML_ROUTE_STAGES, "12.3"},
                                      {"no_capture", EDGEML_ROUTE_STREAMS, "route B: "},
                                      {"integrated", EDGEML_ROUTE_DEVICE, ""}}) {
        faults(fault);
        EXPECT_STATUS(edgeml_device_probe(&info, 0, EDGEML_TEST_DRIVER), EDGEML_OK);
        EXPECT(info.route == route && std::string(info.route_note).find(note) != std::string::npos);
    }
    EXPECT(info.flags == EDGEML_DEVICE_INTEGRATED && info.compute_minor == 7);
    for (auto [fault, status] : {std::pair{"no_device", EDGEML_E_BACKEND_MISSING},
                                 {"version=11030", EDGEML_E_BACKEND_VERSION},
                                 {"bad_ptx", EDGEML_E_UNSUPPORTED},
                                 {"pinned=100", EDGEML_E_OUT_OF_MEMORY},
                                 {"lost=1", EDGEML_E_DEVICE_LOST}}) {
        faults(fault);
        EXPECT_STATUS(edgeml_device_probe(&info, 0, EDGEML_TEST_DRIVER), status);
        EXPECT(info.route == 0 && info.name[0] == 0);
    }
    faults("");
    EXPECT_STATUS(edgeml_device_probe(&info, 0, "/nowhere/libcuda.so"), EDGEML_E_BACKEND_MISSING);
}

void wrong_ranges_are_refused() {
    Rig rig(fake_device());
    edgeml_run_result result;
    EXPECT_STATUS(rig.try_run(result, {}, 6), EDGEML_E_INVALID_ARGUMENT);
    EXPECT_STATUS(rig.try_run(result, {}, 2, 5), EDGEML_E_INVALID_ARGUMENT);
}

} // namespace

void fault_tests() {
    what_a_driver_lacks_costs_a_route();
    a_driver_that_refuses_the_kernels_is_unsupported();
    what_the_kernels_cannot_do_is_unsupported();
    a_segment_that_fails_fails_the_run();
    memory_that_ends_is_said_and_nothing_is_left();
    a_lost_device_stays_lost_and_frees_all();
    a_probe_says_which_route_and_why();
    wrong_ranges_are_refused();
}

} // namespace test
