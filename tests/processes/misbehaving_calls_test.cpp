// SPDX-License-Identifier: MIT
// Calls that do to their worker what no call should do: they alone may fail, and the next ones go on.
#include <heddle/process_pool_executor.hpp>

#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csetjmp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <heddle/shared_array.hpp>
#include <heddle/wait.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

#include "processes/started_program.hpp"

using namespace std::chrono_literals;
using heddle::process_pool_executor;
using heddle::worker_died;

namespace {

int four_times(int value) { return 4 * value; }

void check_goes_on(process_pool_executor& procs) {
  for (int i = 0; i < 3; ++i) CHECK(procs.submit(four_times, i).result() == 4 * i);
}

/// What its worker ended with.
template <class Call>
std::optional<int> exit_code_of(process_pool_executor& procs, Call call) {
  try {
    procs.submit(call).result();
  } catch (const worker_died& died) {
    return died.exit_code();
  }
  return std::nullopt;
}

std::jmp_buf left_behind;
int end_of_input = -1;

}  // namespace

TEST_CASE("a call that forks, and returns twice, has one result", "[process_pool]") {
  const heddle_test::deadline limit;
  if (heddle_test::under_address_sanitizer) return;  // which reports for a long time how the copy ends
  process_pool_executor procs{{.max_workers = 1}};
  const auto fork_in_call = [] {
    ::signal(SIGCHLD, SIG_IGN);
    const pid_t child = ::fork();
    if (child == 0) ::signal(SIGSEGV, SIG_DFL);
    return child;
  };
  const pid_t child = procs.submit(fork_in_call).result();
  CHECK(child > 0);
  CHECK(heddle_test::is_gone_soon(child));  // it does not have what its parent shares with the program
  check_goes_on(procs);
}

TEST_CASE("a call that becomes a daemon ends its worker", "[process_pool]") {
  const heddle_test::deadline limit;
  if (heddle_test::under_address_sanitizer) return;  // as above
  process_pool_executor procs{{.max_workers = 1}};
  const auto become_daemon = [] {
    ::signal(SIGSEGV, SIG_DFL);
    static_cast<void>(::daemon(1, 1));
  };
  CHECK(exit_code_of(procs, become_daemon) == 0);
  check_goes_on(procs);
}

TEST_CASE("a call cannot take its worker out of its group, but what it starts may leave that", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  CHECK(procs.submit([] { return ::setsid() == -1 && errno == EPERM; }).result());
  const pid_t left = procs
                         .submit([] {
                           int ends[2];
                           if (::pipe(ends) != 0) throw std::runtime_error("pipe");
                           const pid_t child = ::fork();
                           if (child == 0) {
                             ::setsid();
                             ::alarm(20);
                             static_cast<void>(::write(ends[1], "x", 1));
                             for (;;) ::pause();
                           }
                           char byte = 0;
                           static_cast<void>(::read(ends[0], &byte, 1));
                           return child;
                         })
                         .result();
  procs.submit([] { ::raise(SIGKILL); }).wait();
  check_goes_on(procs);
  CHECK(heddle_test::is_running(left));
  ::kill(left, SIGKILL);
}

TEST_CASE("no terminal stops a call that reads or writes there", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const auto is_ignored = [](int signal) {
    struct sigaction found{};
    return ::sigaction(signal, nullptr, &found) == 0 && found.sa_handler == SIG_IGN;
  };
  CHECK(procs.submit(is_ignored, SIGTTOU).result());
  CHECK(procs.submit(is_ignored, SIGTTIN).result());
}

TEST_CASE("a call that becomes another program ends with it", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const auto run = [] { ::execl("/bin/sh", "sh", "-c", "exit 6", nullptr); };
  CHECK(exit_code_of(procs, run) == 6);
  process_pool_executor hurried{{.max_workers = 1, .timeout = 100ms}};
  CHECK_THROWS_AS(hurried.submit([] { ::execl("/bin/sleep", "sleep", "100", nullptr); }).result(),
                  heddle::task_timeout);
  check_goes_on(procs);
}

TEST_CASE("a call that closes every descriptor ends its worker at most", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  for (int round = 0; round < 3; ++round) {
    std::vector<heddle::future<void>> closes;
    closes.push_back(procs.submit([] { ::close_range(0, ~0U, 0); }));
    static_cast<void>(heddle::wait(closes));  // which has the supervisor told, for which there is no descriptor
    try {
      closes[0].result();
    } catch (const worker_died& died) {
      CHECK(died.signal() == SIGABRT);
    }
    procs.submit(four_times, 1).wait();  // it may be with the same worker
    check_goes_on(procs);
  }
}

TEST_CASE("a call that closes every descriptor keeps nobody waiting who shares an array", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  heddle::shared_array<int> array(1);
  auto closes = procs.submit([] {
    ::usleep(20'000);  // until its result is waited for here, so that the supervisor need not be told
    ::close_range(0, ~0U, 0);
  });
  try {
    closes.result();
  } catch (const worker_died& died) {
    CHECK(died.signal() == SIGABRT);  // it was told all the same
  }
  procs.submit([](std::span<int> shared) { shared[0] = 5; }, array).result();
  CHECK(array[0] == 5);
}

TEST_CASE("threads that a call has left behind do to its worker what they do to any process", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const auto exits = [] { std::thread([] { ::usleep(1000), std::exit(9); }).join(); };
  CHECK(exit_code_of(procs, exits) == 9);
  const auto fails = [] {
    ::signal(SIGABRT, SIG_DFL);
    std::thread([] { throw 1; }).join();
  };
  CHECK_THROWS_AS(procs.submit(fails).result(), worker_died);
  // It has the lock of a file for ever.
  procs
      .submit([] {
        int ends[2];
        if (::pipe(ends) != 0) throw std::runtime_error("pipe");
        static std::FILE* const never = ::fdopen(ends[0], "r");
        end_of_input = ends[1];
        std::thread([] { std::fgetc(never); }).detach();
        while (::ftrylockfile(never) == 0) {
          ::funlockfile(never);
          std::this_thread::yield();
        }
      })
      .result();
  ::usleep(1000);  // so that it would have fallen asleep
  check_goes_on(procs);
  procs.submit([] { ::close(end_of_input); }).result();
}

TEST_CASE("a call that ends its thread ends its worker", "[process_pool]") {
  const heddle_test::deadline limit;
  if (heddle_test::under_thread_sanitizer) return;  // it has a say in how threads end
  process_pool_executor procs{{.max_workers = 1}};
  const auto ends = [] {
    ::signal(SIGABRT, SIG_DFL);
    ::pthread_exit(nullptr);
  };
  CHECK_THROWS_AS(procs.submit(ends).result(), worker_died);
  check_goes_on(procs);
}

TEST_CASE("jumps within a call are its own business, and those out of it end its worker at most", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .timeout = 5s}};
  const auto within = [] {
    std::jmp_buf here;
    if (setjmp(here) == 0) std::longjmp(here, 1);  // NOLINT(modernize-avoid-setjmp-longjmp,cert-err52-cpp)
    return 5;
  };
  CHECK(procs.submit(within).result() == 5);
  if (heddle_test::under_address_sanitizer || heddle_test::under_thread_sanitizer) return;
  // Where that ends nobody knows: what is left of its stack is that of another call.
  procs.submit([] { static_cast<void>(setjmp(left_behind)); }).result();
  procs
      .submit([] {
        for (const int each : {SIGSEGV, SIGABRT, SIGBUS, SIGILL}) ::signal(each, SIG_DFL);
        std::longjmp(left_behind, 1);  // NOLINT(modernize-avoid-setjmp-longjmp,cert-err52-cpp)
      })
      .wait();
  procs.submit(four_times, 1).wait();
  procs.submit([] { ::raise(SIGKILL); }).wait();
  check_goes_on(procs);
}
