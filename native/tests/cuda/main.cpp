// The CUDA layer on the double of its driver: cuda_tests [cycles of create, run, destroy].
#include "double.h"
#include "groups.h"

int main(int argc, char **argv) {
    test::driver_tests();
    test::kernel_tests();
    test::route_tests();
    test::fault_tests();
    test::shipped_tests();
    test::thread_tests(argc > 1 ? std::atoi(argv[1]) : 300);
    edgeml_fake_cuda_counts left = test::counts();
    EXPECT(left.contexts == 0 && left.streams == 0 && left.events == 0 && left.modules == 0);
    EXPECT(left.graphs == 0 && left.execs == 0);
    EXPECT(left.device_bytes == 0 && left.pinned_bytes == 0);
    std::printf("%llu kernels, %llu graph launches, %llu conditions\n", static_cast<unsigned long long>(left.kernels),
                static_cast<unsigned long long>(left.graph_launches), static_cast<unsigned long long>(left.conditions));
    test::wait_tests(); // leaves behind what a device that does not end its work may still use
    return test::finish("cuda_tests");
}
