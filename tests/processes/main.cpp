// SPDX-License-Identifier: MIT
// What main() of a program with worker processes does first, before Catch2's main(): see the linker's --wrap.
#include <cstdlib>
#include <fstream>
#include <string_view>

#include <heddle/init.hpp>
#include <heddle/process_pool_executor.hpp>

// NOLINTBEGIN(readability-identifier-naming): the linker's names.
extern "C" {
int __real_main(int count, char** arguments);
int __wrap_main(int count, char** arguments);
}

int __wrap_main(int count, char** arguments) {
  if (count == 3 && std::string_view(arguments[1]) == "--count-and-end") {
    std::ofstream(arguments[2], std::ios::app) << 'x';
    return 1;
  }
  if (std::getenv("HEDDLE_TEST_FORKED") == nullptr) {
    heddle::init(count, arguments);
  } else {
    // Workers are copies of this process as it is now, with one thread.
    const heddle::process_pool_executor first{{.max_workers = 1}};
  }
  return __real_main(count, arguments);
}
// NOLINTEND(readability-identifier-naming)
