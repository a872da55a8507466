// SPDX-License-Identifier: MIT
// What time limits count, and what a worker that was killed from outside is said to have died of.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <heddle/process_pool_executor.hpp>
#include <processes/ended_in_time.hpp>
#include <processes/half_read.hpp>
#include <processes/hanging_call.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using heddle::process_pool_executor;
using heddle::worker_died;
using heddle_test::ended_in_time;
using heddle_test::never_return;

namespace {

/// Takes its time to be encoded, in its program.
struct slow_to_encode {
  pid_t program = 0;
  std::vector<char> rest;

  template <class Archive>
  void save(Archive& archive) const {
    if (program == ::getpid()) ::usleep(1'200'000);
    archive(program, rest);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(program, rest);
  }
};

pid_t worker_that_gets(const slow_to_encode&) { return ::getpid(); }

using stuck_half_way = heddle_test::half_read<&never_return>;

/// A group of processes that has little memory, made where this process may.
class memory_group {
 public:
  static constexpr std::size_t most = std::size_t{256} << 20U;

  memory_group() {
    const std::string name = "/heddle-test-" + std::to_string(::getpid());
    for (const auto& [folder, limit] :
         {std::pair("/sys/fs/cgroup/memory", "/memory.limit_in_bytes"), std::pair("/sys/fs/cgroup", "/memory.max")}) {
      std::error_code refused;
      if (!std::filesystem::create_directory(folder + name, refused)) continue;
      folder_ = folder + name;
      std::ofstream(folder_ + limit) << most << std::flush;
      std::ofstream(folder_ + "/memory.swap.max") << 0 << std::flush;  // version 2 only
      std::ifstream said(folder_ + limit);
      if (std::size_t found = 0; said >> found && found == most) return;
      std::filesystem::remove(folder_, refused);
      folder_.clear();
    }
  }
  memory_group(const memory_group&) = delete;
  memory_group& operator=(const memory_group&) = delete;
  ~memory_group() {
    for (int tries = 0; is_there() && tries < 1000 && ::rmdir(folder_.c_str()) != 0; ++tries) ::usleep(1000);
  }

  [[nodiscard]] bool is_there() const noexcept { return !folder_.empty(); }
  /// Whether this process is in it from now on.
  [[nodiscard]] bool join() const {
    std::ofstream all(folder_ + "/cgroup.procs");
    all << ::getpid() << std::flush;
    return all.good();
  }

 private:
  std::string folder_;
};

std::size_t fill(std::size_t size) {
  std::vector<char> all(size, 'x');
  return static_cast<std::size_t>(std::accumulate(all.begin(), all.end(), 0L));
}

/// 0 if all is as it is to be, for a process whose group has no memory for two of such calls.
int use_too_much() {
  if (std::getenv("HEDDLE_TEST_FORKED") != nullptr) heddle::process::program::current().arguments.clear();
  process_pool_executor procs{{.max_workers = 2}};
  if (procs.submit(fill, std::size_t{1000}).result() == 0) return 1;
  for (const int at_a_time : {1, 2}) {
    std::vector<heddle::future<std::size_t>> calls;
    for (int i = 0; i < at_a_time; ++i) calls.push_back(procs.submit(fill, 2 * memory_group::most));
    for (auto& each : calls) {
      try {
        static_cast<void>(each.result());
        return 2;
      } catch (const worker_died& died) {
        if (died.cause() != heddle::death_cause::maybe_out_of_memory) return 3;
      }
    }
    if (procs.submit(fill, std::size_t{1000}).result() == 0) return 4;
  }
  return 0;
}

}  // namespace

TEST_CASE("what encoding takes is not counted", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .timeout = 1s}};
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  for (int i = 0; i < 2; ++i) CHECK(procs.submit(worker_that_gets, slow_to_encode{::getpid(), {}}).result() == worker);
}

TEST_CASE("a large argument that its worker does not read to its end has a time limit", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .timeout = 1s}};
  CHECK(procs.submit([] { return 1; }).result() == 1);
  auto stuck = procs.submit([](const stuck_half_way&) {}, stuck_half_way());
  CHECK_THROWS_AS(ended_in_time(stuck, procs).result(), heddle::task_timeout);
  CHECK(procs.submit([] { return 1; }).result() == 1);
}

TEST_CASE("an initializer that takes too long breaks the pool", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2,
                               .initializer =
                                   [] {
                                     for (;;) ::pause();
                                   },
                               .initializer_timeout = 100ms}};
  auto call = procs.submit([] { return 1; });
  try {
    ended_in_time(call, procs).result();
    FAIL("it has run");
  } catch (const heddle::broken_process_pool& broken) {
    CHECK_THAT(broken.what(), ContainsSubstring("initializer_timeout"));
    CHECK_THROWS_AS(std::rethrow_if_nested(broken), heddle::task_timeout);
  }
  CHECK_THROWS_AS(procs.submit([] {}), heddle::broken_process_pool);
  CHECK_THROWS_AS(process_pool_executor({.initializer_timeout = -1ms}), std::invalid_argument);
}

TEST_CASE("an initializer has its own limit, and calls have theirs", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{
      {.max_workers = 1, .initializer = [] { ::usleep(300'000); }, .initializer_timeout = 20s, .timeout = 1s}};
  CHECK(procs.submit([] { return 1; }).result() == 1);
  CHECK_THROWS_AS(ended_in_time(procs.submit(never_return), procs).result(), heddle::task_timeout);
  CHECK(procs.submit([] { return 1; }).result() == 1);
}

TEST_CASE("a worker that somebody kills may have been out of memory, and one that the pool kills not",
          "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  try {
    procs.submit([] { ::raise(SIGKILL); }).result();
    FAIL("it was not killed");
  } catch (const worker_died& died) {
    CHECK(died.cause() == heddle::death_cause::maybe_out_of_memory);
    CHECK(died.signal() == SIGKILL);
    CHECK_THAT(died.what(), ContainsSubstring("max_memory"));
  }
  auto stays = procs.submit([] {
    for (;;) ::pause();
  });
  while (procs.stats().with_workers == 0) ::usleep(100);
  procs.kill_workers();
  try {
    stays.result();
    FAIL("it was not killed");
  } catch (const worker_died& died) {
    CHECK(died.cause() == heddle::death_cause::crashed);
  } catch (const heddle::cancelled_error&) {
    // It had not begun.
  }
}

TEST_CASE("what the system kills for want of memory fails alone", "[process_pool]") {
  if (heddle_test::under_thread_sanitizer || heddle_test::under_address_sanitizer) SKIP("they need much memory");
  const heddle_test::deadline limit;
  const memory_group group;
  if (!group.is_there()) SKIP("this process may not make a group of processes with a limit of memory");
  const pid_t copy = ::fork();
  if (copy == 0) ::_exit(group.join() ? use_too_much() : 100);
  int status = -1;
  REQUIRE(::waitpid(copy, &status, 0) == copy);
  CHECK(status == 0);
}
