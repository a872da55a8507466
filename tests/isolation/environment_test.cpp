// SPDX-License-Identifier: MIT
// The environment of a process, sent to another one.
#include <heddle/process/environment.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include <support/catch.hpp>

using heddle::process::environment;

namespace {

/// How often a variable is there with this value.
auto count_in(environment& of, std::string_view variable) {
  const std::vector<char*> all = of.pointers();
  REQUIRE(all.back() == nullptr);
  return std::count_if(all.begin(), all.end() - 1, [&](const char* each) { return each == variable; });
}

}  // namespace

TEST_CASE("an environment comes out of its file as it was", "[environment]") {
  ::setenv("HEDDLE_TEST_ONE", "1", 1);
  ::setenv("HEDDLE_TEST_EMPTY", "", 1);
  ::setenv("HEDDLE_TEST_LARGE", std::string(300'000, 'x').c_str(), 1);
  const auto file = environment::of_this_process().as_file();
  ::setenv("HEDDLE_TEST_ONE", "2", 1);
  for (int times = 0; times < 2; ++times) {
    environment read = environment::in_file(file);
    CHECK(count_in(read, "HEDDLE_TEST_ONE=1") == 1);
    CHECK(count_in(read, "HEDDLE_TEST_EMPTY=") == 1);
    CHECK(count_in(read, "HEDDLE_TEST_LARGE=" + std::string(300'000, 'x')) == 1);
    std::size_t there = 0;
    for (char** each = environ; *each != nullptr; ++each) ++there;
    CHECK(read.pointers().size() == there + 1);
  }
  ::unsetenv("HEDDLE_TEST_ONE");
  ::unsetenv("HEDDLE_TEST_EMPTY");
  ::unsetenv("HEDDLE_TEST_LARGE");
}

TEST_CASE("a variable is set only where it is not", "[environment]") {
  environment made;
  CHECK(made.pointers() == std::vector<char*>{nullptr});
  made.set_default("A_LONGER", "3");
  made.set_default("A", "1");
  made.set_default("A", "2");
  CHECK(count_in(made, "A=1") == 1);
  CHECK(count_in(made, "A=2") == 0);
  CHECK(count_in(made, "A_LONGER=3") == 1);
  environment read = environment::in_file(environment().as_file());
  CHECK(read.pointers() == std::vector<char*>{nullptr});
}

TEST_CASE("nobody changes the file of an environment", "[environment]") {
  environment made;
  made.set_default("A", "1");
  const auto file = made.as_file();
  CHECK(::write(file.number(), "x", 1) == -1);
  CHECK(::pwrite(file.number(), "x", 1, 0) == -1);
  CHECK(::ftruncate(file.number(), 1) == -1);
  CHECK((::fcntl(file.number(), F_GETFD) & FD_CLOEXEC) != 0);
}
