// SPDX-License-Identifier: MIT
// A worker can have so much memory, and no more.
#include <heddle/process/memory_limit.hpp>

#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

#include <support/catch.hpp>

#include "isolation/sandboxed_child.hpp"

using heddle::process::limit_memory;
using heddle_test::child_end;
using heddle_test::done;
using heddle_test::in_a_child;

namespace {

constexpr std::size_t mebibyte = std::size_t{1} << 20U;

int error_of_mapping(std::size_t size, int kind) {
  void* const made = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, kind | MAP_ANONYMOUS, -1, 0);
  return made == MAP_FAILED ? errno : 0;
}

}  // namespace

TEST_CASE("a worker has as much memory as it may, besides what it had", "[memory_limit]") {
  if (!heddle::process::memory_can_be_limited) SKIP("not under a sanitizer");
  // A forked server's workers have what its program had.
  const auto ours = std::make_unique<char[]>(200 * mebibyte);
  const auto limited = [](std::size_t size, int kind) {
    return in_a_child([&] {
      limit_memory(64 * mebibyte);
      return error_of_mapping(size, kind);
    });
  };
  CHECK(in_a_child([] { return error_of_mapping(80 * mebibyte, MAP_PRIVATE); }) == done);
  CHECK(limited(60 * mebibyte, MAP_PRIVATE) == done);
  CHECK(limited(80 * mebibyte, MAP_PRIVATE) == child_end{ENOMEM, 0});
  CHECK(limited(80 * mebibyte, MAP_SHARED) == done);
}

TEST_CASE("what a task allocates beyond its memory is a bad_alloc in that task", "[memory_limit][sandbox]") {
  if (!heddle::process::memory_can_be_limited) SKIP("not under a sanitizer");
  const auto allocate = [] {
    try {
      return std::make_unique<char[]>(200 * mebibyte)[0] == 0 ? 0 : 1;
    } catch (const std::bad_alloc&) {
      return std::make_unique<char[]>(mebibyte)[0] == 0 ? ENOMEM : 1;  // it goes on with what it has
    }
  };
  CHECK(heddle_test::in_a_sandbox(heddle::process::sandbox_options{}, allocate) == done);
  CHECK(heddle_test::in_a_sandbox(heddle::process::sandbox_options{.memory = 64 * mebibyte}, allocate) ==
        child_end{ENOMEM, 0});
}

TEST_CASE("a limit of memory is never raised", "[memory_limit]") {
  if (!heddle::process::memory_can_be_limited) SKIP("not under a sanitizer");
  CHECK(in_a_child([] {
          limit_memory(64 * mebibyte);
          rlimit before{};
          ::getrlimit(RLIMIT_DATA, &before);
          limit_memory(128 * mebibyte);
          limit_memory(SIZE_MAX);
          rlimit after{};
          ::getrlimit(RLIMIT_DATA, &after);
          return before.rlim_cur == after.rlim_cur && before.rlim_max == before.rlim_cur &&
                         after.rlim_max == after.rlim_cur
                     ? 0
                     : 1;
        }) == done);
}

TEST_CASE("under a sanitizer memory is not limited", "[memory_limit]") {
  if (heddle::process::memory_can_be_limited) SKIP("this is none");
  CHECK(in_a_child([] {
          limit_memory(mebibyte);
          return error_of_mapping(80 * mebibyte, MAP_PRIVATE);
        }) == done);
}
