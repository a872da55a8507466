// SPDX-License-Identifier: MIT
// What main() of a program with workers does first, before Catch2's main(): see the linker's --wrap.
#include <string_view>

#include <heddle/process/entry.hpp>

#include "isolation/obedient_worker.hpp"

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
