// SPDX-License-Identifier: MIT
// The ways in which workers are started, and what they find of the process that has made their pool.
#include <heddle/process_pool_executor.hpp>

#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/shared_array.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>
#include <support/temporary_tree.hpp>

using Catch::Matchers::ContainsSubstring;
using heddle::process_pool_executor;
using heddle::start_method;
using heddle::worker_died;

namespace {

bool has_no_init() { return std::getenv("HEDDLE_TEST_FORKED") != nullptr; }

/// One of those that there are in this process.
start_method any_method() {
  return has_no_init() ? GENERATE(start_method::automatic, start_method::fork)
                       : GENERATE(start_method::automatic, start_method::fork_server, start_method::spawn);
}

/// Another one for each program that was executed: forks have that of their parent.
std::uint64_t mark_of_program() {
  std::uint64_t mark = 0;
  std::memcpy(&mark, reinterpret_cast<const void*>(::getauxval(AT_RANDOM)), sizeof mark);
  return mark;
}

int triple(int value) { return 3 * value; }

std::string variable(const std::string& name) {
  const char* const found = std::getenv(name.c_str());
  return found == nullptr ? "none" : found;
}

/// Sets a variable, and back in the end.
class set_variable {
 public:
  set_variable(std::string name, const char* value) : name_(std::move(name)), before_(variable(name_)) { set(value); }
  set_variable(const set_variable&) = delete;
  set_variable& operator=(const set_variable&) = delete;
  ~set_variable() { set(before_ == "none" ? nullptr : before_.c_str()); }

  void set(const char* value) const {
    if (value == nullptr) {
      ::unsetenv(name_.c_str());  // NOLINT(concurrency-mt-unsafe): nobody else looks
    } else {
      ::setenv(name_.c_str(), value, 1);  // NOLINT(concurrency-mt-unsafe): nobody else looks
    }
  }

 private:
  std::string name_;
  std::string before_;
};

int mask_of_files() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return static_cast<int>(mask);
}

std::uint64_t most_open() {
  rlimit found{};
  ::getrlimit(RLIMIT_NOFILE, &found);
  return found.rlim_cur;
}

/// What the pool's construction throws; empty if nothing.
std::string error_of_pool(start_method method) {
  try {
    const process_pool_executor procs{{.max_workers = 1, .start_method = method}};
    return {};
  } catch (const heddle::executor_start_error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("a spawned worker is a program of its own, and others are copies", "[process_pool][start_method]") {
  const heddle_test::deadline limit;
  const start_method method = any_method();
  process_pool_executor procs{{.max_workers = 1, .start_method = method, .max_tasks_per_child = 1}};
  const std::uint64_t first = procs.submit(mark_of_program).result();
  const std::uint64_t second = procs.submit(mark_of_program).result();
  CHECK((first != second) == (method == start_method::spawn));
  CHECK((first != mark_of_program()) == !has_no_init());
}

TEST_CASE("workers do the same, however they were started", "[process_pool][start_method]") {
  const heddle_test::deadline limit;
  const start_method method = any_method();
  process_pool_executor procs{{.max_workers = 2, .start_method = method}};
  CHECK(procs.submit(triple, 3).result() == 9);
  CHECK(procs.submit([] { return ::getpgrp() == ::getpid(); }).result());
  CHECK(procs
            .submit([] {
              int signal = 0;
              return ::prctl(PR_GET_PDEATHSIG, &signal) == 0 && signal == SIGKILL;
            })
            .result());
  CHECK(procs.submit([] { return std::signal(SIGTERM, SIG_DFL) == SIG_DFL; }).result());
  // What calls start does end of a broken pipe.
  CHECK(procs.submit([] { return ::raise(SIGPIPE); }).result() == 0);
  const int ended = procs.submit([] { return std::system("kill -PIPE $$"); }).result();
  CHECK((WIFSIGNALED(ended) && WTERMSIG(ended) == SIGPIPE));
  CHECK(procs
            .submit([] {
              sigset_t blocked;
              return ::sigprocmask(SIG_SETMASK, nullptr, &blocked) == 0 && ::sigisemptyset(&blocked) == 1;
            })
            .result());
  CHECK(procs.submit([](const std::vector<char>& v) { return v; }, std::vector<char>(3'000'000, 'x')).result().size() ==
        3'000'000);
  CHECK_THROWS_AS(procs.submit([] { ::raise(SIGKILL); }).result(), worker_died);
  CHECK_THROWS_AS(procs.submit([] { ::_exit(3); }).result(), worker_died);
  CHECK_THROWS_AS(procs.submit([]() -> int { throw std::out_of_range("far"); }).result(), std::out_of_range);
  auto hanging = procs.submit([] {
    for (;;) ::pause();
  });
  while (!hanging.cancel()) {
  }
  for (int i = 0; i < 100; ++i) CHECK(procs.submit(triple, i).result() == 3 * i);
}

TEST_CASE("a call makes a pool of its own, however its worker was started", "[process_pool][start_method]") {
  const heddle_test::deadline limit;
  const start_method method = any_method();
  process_pool_executor procs{{.max_workers = 1, .start_method = method}};
  const auto in_a_pool = [](start_method inside) {
    process_pool_executor inner{{.max_workers = 1, .start_method = inside}};
    return inner.submit(triple, 14).result();
  };
  CHECK(procs.submit(in_a_pool, start_method::automatic).result() == 42);
  CHECK(procs.submit(in_a_pool, method).result() == 42);
}

TEST_CASE("spawned workers go into their sandbox and call their initializer", "[process_pool][start_method]") {
  const heddle_test::deadline limit;
  if (has_no_init()) return;
  static int made = 0;
  process_pool_executor procs{{.max_workers = 1,
                               .start_method = start_method::spawn,
                               .initializer = [] { made = 5; },
                               .sandbox = heddle::sandbox_options{.no_network = true}}};
  CHECK(procs.submit([] { return made; }).result() == 5);
  CHECK(procs.submit([](pid_t program) { return ::kill(program, 0) == -1 && errno == EPERM; }, ::getpid()).result());
}

TEST_CASE("workers see arrays that are shared, however they were started", "[process_pool][start_method]") {
  const heddle_test::deadline limit;
  const start_method method = any_method();
  process_pool_executor procs{{.max_workers = 1, .start_method = method}};
  heddle::shared_array<int> numbers(1000);
  procs.submit([](std::span<int> some) { some[7] = 5; }, numbers).result();
  CHECK(numbers[7] == 5);
}

TEST_CASE("a way to start workers that there is not says what to do", "[process_pool][start_method]") {
  const heddle_test::deadline limit;  // it has a thread
  if (has_no_init()) {
    for (const start_method method : {start_method::fork_server, start_method::spawn})
      CHECK_THAT(error_of_pool(method), ContainsSubstring("call heddle::init(argc, argv) first in main()"));
    CHECK(error_of_pool(start_method::fork).empty());
  } else {
    CHECK_THAT(error_of_pool(start_method::fork), ContainsSubstring("has several threads already"));
  }
}

TEST_CASE("workers have the environment of their pool's making", "[process_pool][start_method]") {
  const heddle_test::deadline limit;
  const start_method method = any_method();
  const set_variable set("HEDDLE_TEST_SET", "before");
  const set_variable unset("HEDDLE_TEST_UNSET", nullptr);
  const set_variable own_threads("OMP_NUM_THREADS", "7");
  const set_variable no_threads("MKL_NUM_THREADS", nullptr);
  process_pool_executor procs{{.max_workers = 1, .start_method = method, .threads_per_worker = 3}};
  set.set("after");
  unset.set("after");
  CHECK(procs.submit(variable, "HEDDLE_TEST_SET").result() == "before");
  CHECK(procs.submit(variable, "HEDDLE_TEST_UNSET").result() == "none");
  CHECK(procs.submit(variable, "OMP_NUM_THREADS").result() == "7");
  CHECK(procs.submit(variable, "MKL_NUM_THREADS").result() == "3");
  CHECK(procs.submit(variable, "HEDDLE_ASSIGNMENT").result() == "none");
  CHECK(procs.submit(variable, "PATH").result() == variable("PATH"));
  // And may change it.
  CHECK(procs
            .submit([] {
              ::setenv("HEDDLE_TEST_UNSET", "set", 1);  // NOLINT(concurrency-mt-unsafe): there is one thread
              ::unsetenv("HEDDLE_TEST_SET");            // NOLINT(concurrency-mt-unsafe): there is one thread
              return variable("HEDDLE_TEST_UNSET") + variable("HEDDLE_TEST_SET");
            })
            .result() == "setnone");
  process_pool_executor next{{.max_workers = 1, .start_method = method}};
  CHECK(next.submit(variable, "HEDDLE_TEST_SET").result() == "after");
}

TEST_CASE("an environment may be large, and what an exec does not take is said", "[process_pool][start_method]") {
  const heddle_test::deadline limit;
  const start_method method = any_method();
  const std::string large(100'000, 'x');
  std::vector<std::string> names;
  for (int i = 0; i < 6; ++i) names.push_back("HEDDLE_TEST_LARGE_" + std::to_string(i));
  {
    const set_variable first(names[0], large.c_str());
    const set_variable second(names[1], large.c_str());
    const set_variable third(names[2], large.c_str());
    process_pool_executor procs{{.max_workers = 1, .start_method = method}};
    CHECK(procs.submit(variable, names[0]).result() == large);
    CHECK(procs.submit(variable, names[2]).result() == large);
  }
  const set_variable too_large(names[3], std::string(1'000'000, 'x').c_str());
  process_pool_executor procs{{.max_workers = 1, .start_method = method}};
  if (method == start_method::spawn) {
    std::error_code why;
    try {
      procs.submit(variable, names[3]).result();
    } catch (const heddle::executor_start_error& error) {
      why = error.code();
    }
    CHECK(why == std::error_code(E2BIG, std::system_category()));
  } else {
    CHECK(procs.submit(variable, names[3]).result().size() == 1'000'000);
  }
}

TEST_CASE("workers have the folder, mask, limits and priority of their pool's making", "[process_pool][start_method]") {
  const heddle_test::deadline limit;
  const start_method method = any_method();
  const process_pool_executor other{{.max_workers = 1, .start_method = method}};  // there is a fork server from now on
  const heddle_test::temporary_tree folder;
  const std::filesystem::path before = std::filesystem::current_path();
  const mode_t mask = ::umask(031);
  std::filesystem::current_path(folder.root());
  rlimit usual{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &usual) == 0);
  const rlimit fewer{300, usual.rlim_max};
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &fewer) == 0);
  // On Linux a thread has its own priority, and cannot have it back.
  const int priority = ::getpriority(PRIO_PROCESS, 0) + 1;
  std::optional<process_pool_executor> procs;
  std::thread([&] {
    ::setpriority(PRIO_PROCESS, 0, priority);
    procs.emplace(heddle::process_pool_options{.max_workers = 1, .start_method = method});
  }).join();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &usual) == 0);
  std::filesystem::current_path(before);
  ::umask(mask);
  CHECK(std::filesystem::equivalent(procs->submit([] { return std::filesystem::current_path().string(); }).result(),
                                    folder.root()));
  CHECK(procs->submit(mask_of_files).result() == 031);
  CHECK(procs->submit(most_open).result() == 300);
  CHECK(procs->submit([] { return ::getpriority(PRIO_PROCESS, 0); }).result() == std::min(priority, 19));
}
