// SPDX-License-Identifier: MIT
// What main() of a program with workers does first, before Catch2's main(): see the linker's --wrap.
#include <unistd.h>

#include <cstdlib>
#include <string_view>
#include <thread>

#include <heddle/process/entry.hpp>

#include "isolation/obedient_worker.hpp"

namespace {

/// What some programs' static objects do: they start threads, and open what exec does not close.
[[maybe_unused]] const bool starts_thread = [] {
  int ends[2];
  if (std::getenv("HEDDLE_TEST_STATIC_THREAD") == nullptr || ::pipe(ends) != 0) return false;
  std::thread([] {
    for (;;) ::pause();
  }).detach();
  return true;
}();

}  // namespace

// NOLINTBEGIN(readability-identifier-naming): the linker's names.
extern "C" {
int __real_main(int count, char** arguments);
int __wrap_main(int count, char** arguments);
}

int __wrap_main(int count, char** arguments) {
  if (count == 2 && std::string_view(arguments[1]) == "--never-enter") return 1;
  heddle::process::enter_program(count, arguments, &heddle_test::obey);
  return __real_main(count, arguments);
}
// NOLINTEND(readability-identifier-naming)
