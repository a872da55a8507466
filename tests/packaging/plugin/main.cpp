// SPDX-License-Identifier: MIT
// Loads the plugin, calls it, unloads it, and lives on for a while: its threads must still have their code.
#include <dlfcn.h>

#include <chrono>
#include <thread>

#ifndef HEDDLE_TEST_PLUGIN
#define HEDDLE_TEST_PLUGIN "./plugin.so"
#endif

int main() {
  for (int round = 0; round < 3; ++round) {
    void* const plugin = dlopen(HEDDLE_TEST_PLUGIN, RTLD_NOW | RTLD_LOCAL);
    if (plugin == nullptr) return 1;
    const auto run = reinterpret_cast<int (*)()>(dlsym(plugin, "run_plugin"));
    if (run == nullptr || run() != 4950) return 2;
    if (dlclose(plugin) != 0) return 3;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
  return 0;
}
