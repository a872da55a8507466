// SPDX-License-Identifier: MIT
// Leaves work behind on the default executor, whose threads go on when the plugin is unloaded.
#include <heddle/heddle.hpp>

#include <atomic>
#include <chrono>
#include <thread>

extern "C" __attribute__((visibility("default"))) int run_plugin() {
  std::atomic<int> sum{0};
  heddle::parallel_for(0, 100, [&](int i) { sum += i; });
  heddle::default_executor().post([] { std::this_thread::sleep_for(std::chrono::milliseconds(50)); });
  return sum;
}
