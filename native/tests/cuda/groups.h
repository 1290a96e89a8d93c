// The groups of cuda_tests.
#pragma once

namespace test {

void driver_tests();
void kernel_tests();
void route_tests();
void fault_tests();
void thread_tests(int chains_made);
void shipped_tests();
void wait_tests();

} // namespace test
