// SPDX-License-Identifier: MIT
// Worker processes and what is around them: who starts them, who kills or stops them, what the system refuses.
#include <heddle/process_pool_executor.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <processes/hanging_call.hpp>
#include <processes/starts_forked.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

using namespace std::chrono_literals;
using heddle::process_pool_executor;
using heddle::worker_died;
using heddle_test::hang_in;
using heddle_test::never_return;

namespace {

int plus_one(int value) { return value + 1; }

/// Starts a process that stays.
pid_t start_process() {
  const pid_t started = ::fork();
  if (started == 0) never_return();
  return started;
}

void fail() { throw 1; }

/// Whether a process is there that is no zombie.
bool is_there(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  std::getline(stat, line);
  const std::size_t name_end = line.rfind(") ");
  return name_end != std::string::npos && line[name_end + 2] != 'Z' && line[name_end + 2] != 'X';
}

/// Waits until it is not; false after 5 s.
bool goes(pid_t process) {
  for (int tries = 0; tries < 5000 && is_there(process); ++tries) ::usleep(1000);
  return !is_there(process);
}

/// Whether the system sends a signal to all processes of the group that one leads.
bool can_signal_groups() {
  const auto self = heddle::process::process_handle::open(::getpid());
  constexpr unsigned to_group = 4;  // PIDFD_SIGNAL_PROCESS_GROUP
  return ::syscall(SYS_pidfd_send_signal, self.number(), 0, nullptr, to_group) == 0 || errno != EINVAL;
}

/// What `run()` gives in a copy of this process; -1 if that died.
template <class Run>
int in_a_copy(const Run& run) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(run());
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace

TEST_CASE("where the fork server is killed, what runs fails, and another one is started if that can be",
          "[process_pool]") {
  const heddle_test::deadline limit;
  if (heddle_test::starts_forked()) return;  // in a child, so that other tests have a server: see the next test
  process_pool_executor procs{{.max_workers = 2}};
  const pid_t server = procs.submit([] { return ::getppid(); }).result();
  auto hanging = hang_in(procs);
  REQUIRE(::kill(server, SIGKILL) == 0);
  CHECK_THROWS_AS(hanging.result(), worker_died);
  CHECK(procs.submit(plus_one, 1).result() == 2);
  CHECK(procs.submit([] { return ::getppid(); }).result() != server);
}

TEST_CASE("what calls have started ends with a fork server that is killed", "[process_pool]") {
  const heddle_test::deadline limit;
  if (heddle_test::starts_forked()) return;  // as above
  if (!can_signal_groups()) SKIP("before Linux 6.9 nobody can tell a group of processes surely");
  process_pool_executor procs{{.max_workers = 1}};
  const pid_t server = procs.submit([] { return ::getppid(); }).result();
  const pid_t started = procs.submit(start_process).result();
  REQUIRE(is_there(started));
  REQUIRE(::kill(server, SIGKILL) == 0);
  CHECK(goes(started));
}

TEST_CASE("workers that are terminated before they have begun end, too", "[process_pool]") {
  const heddle_test::deadline limit;
  for (std::size_t round = 0; round < heddle_test::scaled(50); ++round) {
    process_pool_executor procs{{.max_workers = 1}};
    auto call = procs.submit([](const std::vector<char>&) { never_return(); }, std::vector<char>(3'000'000));
    ::usleep(static_cast<useconds_t>(40 * round));
    procs.terminate_workers();
  }
}

TEST_CASE("a forked server that is killed leaves a pool that says so", "[process_pool]") {
  const heddle_test::deadline limit;
  if (heddle_test::under_thread_sanitizer) return;  // its own thread keeps a child from forking a server
  CHECK(in_a_copy([] {
          heddle::process::program::current().arguments.clear();
          process_pool_executor procs{{.max_workers = 1}};
          const pid_t server = procs.submit([] { return ::getppid(); }).result();
          auto hanging = hang_in(procs);
          ::kill(server, SIGKILL);
          try {
            hanging.result();
            return 1;
          } catch (const worker_died&) {
          }
          try {
            procs.submit(plus_one, 1).result();
            return 2;
          } catch (const heddle::executor_start_error&) {
            return 0;
          }
        }) == 0);
}

TEST_CASE("a worker that is stopped keeps nobody else waiting", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  auto stopped = procs.submit([] { ::raise(SIGSTOP); });
  for (int i = 0; i < 50; ++i) CHECK(procs.submit(plus_one, i).result() == i + 1);
  CHECK_FALSE(stopped.done());
  CHECK(stopped.cancel());
  for (int i = 0; i < 50; ++i) CHECK(procs.submit(plus_one, i).result() == i + 1);

  process_pool_executor hurried{{.max_workers = 1, .timeout = 1s}};
  CHECK_THROWS_AS(hurried.submit([] { ::raise(SIGSTOP); }).result(), heddle::task_timeout);
  CHECK(hurried.submit(plus_one, 1).result() == 2);
}

TEST_CASE("where descriptors run out calls fail, and go on when there are some again", "[process_pool]") {
  const heddle_test::deadline limit;
  if (heddle_test::under_address_sanitizer) return;  // UBSan, which is with it, takes a pipe to look at an object
  process_pool_executor procs{{.max_workers = 1}};
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int next = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(next);
  rlimit few = before;
  few.rlim_cur = static_cast<rlim_t>(next);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &few) == 0);
  auto refused = procs.submit(plus_one, 1);
  std::optional<std::error_code> why;
  try {
    refused.result();
  } catch (const heddle::executor_start_error& error) {
    why = error.code();
  }
  bool pool_refused = false;
  try {
    const process_pool_executor none{{.max_workers = 1}};
  } catch (const heddle::executor_start_error&) {
    pool_refused = true;
  }
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(why == std::error_code(EMFILE, std::system_category()));
  CHECK(pool_refused);
  for (;;) {  // it tries again when 100 ms have passed
    try {
      const int result = procs.submit(plus_one, 1).result();
      CHECK(result == 2);
      break;
    } catch (const heddle::executor_start_error&) {
      ::usleep(10'000);
    }
  }
}

TEST_CASE("a program that ignores its children, and waits for all of them, has workers all the same",
          "[process_pool]") {
  if (heddle_test::under_thread_sanitizer) SKIP("it does not know which threads a forked child has");
  const heddle_test::deadline limit;
  CHECK(in_a_copy([] {
          ::signal(SIGCHLD, SIG_IGN);
          int code = 0;
          {
            process_pool_executor procs{{.max_workers = 2}};
            if (procs.submit(plus_one, 1).result() != 2) code = 1;
            while (::waitpid(-1, nullptr, WNOHANG) > 0) {
            }
            auto crash = procs.submit([] { ::raise(SIGKILL); });
            try {
              crash.result();
              code = 2;
            } catch (const worker_died& died) {
              if (died.signal() != SIGKILL) code = 3;
            }
            if (procs.submit(plus_one, 1).result() != 2) code = 4;
          }
          return code;
        }) == 0);
}

TEST_CASE("workers end with their program, however it ends", "[process_pool]") {
  if (heddle_test::under_thread_sanitizer) SKIP("it does not know which threads a forked child has");
  const heddle_test::deadline limit;
  const int how = GENERATE(0, 1, 2);
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const pid_t child = ::fork();
  if (child == 0) {
    process_pool_executor procs{{.max_workers = 1}};
    auto hanging = procs.submit(never_return);
    pid_t worker = 0;
    while (worker == 0) {
      const auto all = procs.worker_pids();
      if (!all.empty()) worker = all[0];
    }
    static_cast<void>(::write(ends[1], &worker, sizeof worker));
    if (how == 0) ::_exit(0);
    if (how == 1) ::raise(SIGKILL);
    ::signal(SIGABRT, SIG_DFL);
    std::abort();
  }
  pid_t worker = 0;
  REQUIRE(::read(ends[0], &worker, sizeof worker) == sizeof worker);
  ::waitpid(child, nullptr, 0);
  ::close(ends[0]);
  ::close(ends[1]);
  CHECK(goes(worker));
}

TEST_CASE("a worker is a process group of its own, and what a call has started ends with it", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  CHECK(procs.submit([] { return ::getpgrp() == ::getpid(); }).result());
  const pid_t started = procs.submit(start_process).result();
  procs.submit([] { ::raise(SIGKILL); }).wait();
  CHECK(goes(started));
}

TEST_CASE("calls that do what calls should not do fail alone", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  procs.submit([] { static_cast<void>(::chdir("/")); }).result();
  CHECK(procs.submit(plus_one, 1).result() == 2);
  procs.submit([] { std::thread(never_return).detach(); }).result();
  CHECK(procs.submit(plus_one, 1).result() == 2);
  auto closes_all = procs.submit([] {
    for (int each = 0; each < 256; ++each) ::close(each);
  });
  closes_all.wait();
  auto next = procs.submit(plus_one, 1);
  next.wait();
  CHECK_THROWS_AS(procs.submit([]() noexcept { fail(); }).result(), worker_died);
  CHECK(procs.submit(plus_one, 1).result() == 2);
  CHECK_THROWS_AS(procs.submit([] { ::execl("/bin/true", "true", nullptr); }).result(), worker_died);
  CHECK(procs.submit([] { return ::getchar(); }).result() == EOF);
}

TEST_CASE("what a worker has printed is there once, when it has nothing to do", "[process_pool]") {
  const heddle_test::deadline limit;
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  {
    process_pool_executor procs{{.max_workers = 1}};
    procs
        .submit(
            [](pid_t program, int number) {
              const std::string path = "/proc/" + std::to_string(program) + "/fd/" + std::to_string(number);
              static_cast<void>(std::freopen(path.c_str(), "w", stdout));
              std::printf("printed");
            },
            ::getpid(), ends[1])
        .result();
    procs.submit(plus_one, 1).wait();
  }
  ::close(ends[1]);
  std::string all;
  char buffer[64];
  for (ssize_t got = 0; (got = ::read(ends[0], buffer, sizeof buffer)) > 0;)
    all.append(buffer, static_cast<std::size_t>(got));
  ::close(ends[0]);
  CHECK(all == "printed");
}
