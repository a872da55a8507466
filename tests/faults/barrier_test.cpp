// SPDX-License-Identifier: MIT
// What happens when the system has heavy barriers and then refuses some. This program replaces syscall(2).
#include <heddle/parallel_for.hpp>
#include <heddle/thread_pool_executor.hpp>

#include <dlfcn.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdarg>
#include <cstddef>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

namespace {

std::atomic<bool> refuses{false};
std::atomic<unsigned> asked{0};

// Not a static of the function below: what guards the initialization of one calls syscall(2) itself in libc++.
using system_call = long(long, ...);
std::atomic<system_call*> replaced{nullptr};

}  // namespace

extern "C" long syscall(long number, ...) noexcept {
  if (number == SYS_membarrier && refuses && asked++ % 2 == 0) {
    errno = EPERM;
    return -1;
  }
  system_call* real = replaced;
  if (real == nullptr) replaced = real = reinterpret_cast<system_call*>(::dlsym(RTLD_NEXT, "syscall"));
  std::va_list rest;
  va_start(rest, number);
  long arguments[6];
  for (long& each : arguments) each = va_arg(rest, long);
  va_end(rest);
  return real(number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}

TEST_CASE("a loop calls its body once for each item while barriers fail", "[faults][regression]") {
  const heddle_test::deadline limit;
  heddle::thread_pool_executor pool{{.max_workers = 4}};
  struct guard {
    guard() { refuses = true; }
    ~guard() { refuses = false; }
  } const while_refused;
  const std::size_t rounds = heddle_test::scaled(4'000);
  std::size_t wrong = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    std::vector<std::atomic<int>> calls(200 + round % 100);
    heddle::parallel_for(pool, std::size_t{0}, calls.size(), [&](std::size_t i) {
      const auto begin = std::chrono::steady_clock::now();
      while (std::chrono::steady_clock::now() - begin < std::chrono::nanoseconds(i % 16 == 0 ? 30'000 : 200)) {
      }
      ++calls[i];
    });
    for (const std::atomic<int>& each : calls) wrong += each == 1 ? 0 : 1;
  }
  CHECK(wrong == 0);
  CHECK(asked > 0);
}
