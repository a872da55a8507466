// SPDX-License-Identifier: MIT
// What goes wrong in a worker process is an error of one call, and of nothing else.
#include <heddle/process_pool_executor.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <new>
#include <numeric>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/wait.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>
#include <support/threads.hpp>

#include "processes/held_call.hpp"
#include "processes/trouble.hpp"

using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;
using heddle::process_pool_executor;
using heddle::worker_died;
using heddle_test::carrier;
using heddle_test::let_go_on;
using heddle_test::scaled;
using heddle_test::stop_here;
using heddle_test::trouble;

namespace {

/// Stops for ever half way through being sent: measuring it is the first time that it is saved.
struct stops_half_way {
  std::vector<char> first;
  std::vector<char> last;

  template <class Archive>
  void save(Archive& archive) const {
    static int times = 0;
    archive(first);
    if (++times == 2) heddle_test::make(trouble::hang);
    archive(last);
  }
  template <class Archive>
  void load(Archive& archive) {
    archive(first, last);
  }
};

int doubled(int value) { return 2 * value; }

/// Where the worker keeps what it shares with its program, and how much.
std::pair<std::byte*, std::size_t> shared_memory_of_this_worker() {
  std::ifstream maps("/proc/self/maps");
  std::string line;
  while (std::getline(maps, line)) {
    if (line.find("memfd:heddle") == std::string::npos) continue;
    unsigned long from = 0;
    unsigned long to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx", &from, &to) != 2) continue;
    return {reinterpret_cast<std::byte*>(from), to - from};
  }
  return {nullptr, 0};
}

std::size_t count_entries(const char* folder) {
  return static_cast<std::size_t>(
      std::distance(std::filesystem::directory_iterator(folder), std::filesystem::directory_iterator()));
}

/// Checks that the error is the one that the trouble must be, where it came to the call.
void check_failed(heddle::future<carrier>& call, trouble what) {
  INFO(heddle_test::name_of(what));
  if (what == trouble::error) {
    CHECK_THROWS_AS(call.result(), std::domain_error);
    return;
  }
  if (what == trouble::hang) {
    CHECK_THROWS_AS(call.result(), heddle::task_timeout);
    return;
  }
  try {
    static_cast<void>(call.result());
    FAIL("it did not fail");
  } catch (const worker_died& died) {
    CHECK(died.pid() > 0);
    if (what == trouble::exit) CHECK(died.exit_code() == 7);
    if (what == trouble::kill) CHECK(died.signal() == SIGKILL);
    if (what == trouble::abort) CHECK(died.signal() == SIGABRT);
    if (what == trouble::segfault) CHECK(died.signal() == SIGSEGV);
  }
}

}  // namespace

TEST_CASE("each trouble at each place is an error of its call, and others go on", "[process_pool]") {
  const heddle_test::deadline limit;
  const auto what = GENERATE(from_range(std::begin(heddle_test::troubles), std::end(heddle_test::troubles)));
  if ((heddle_test::under_address_sanitizer || heddle_test::under_thread_sanitizer) && what == trouble::stack_overflow)
    return;  // its report takes minutes
  process_pool_executor procs{{.max_workers = 2, .timeout = 10s}};
  process_pool_executor hurried{{.max_workers = 2, .timeout = 100ms}};
  process_pool_executor& pool = what == trouble::hang ? hurried : procs;
  const long here = ::getpid();

  auto decoding = pool.submit([](carrier c) { return c; }, carrier{.when_loaded = what, .spared = here});
  auto before = procs.submit(doubled, 1);
  auto running = pool.submit(
      [](trouble made) {
        heddle_test::make(made);
        return carrier();
      },
      what);
  auto encoding = pool.submit([](carrier c) { return c; }, carrier{.when_saved = what, .spared = here});
  auto after = procs.submit(doubled, 2);
  check_failed(decoding, what);
  check_failed(running, what);
  check_failed(encoding, what);
  CHECK(before.result() == 2);
  CHECK(after.result() == 4);
  CHECK(procs.submit(doubled, 3).result() == 6);
}

TEST_CASE("what encoding an argument or decoding a result throws here is the error of the call", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  auto encoding = procs.submit([](carrier) { return 0; }, carrier{.when_saved = trouble::error});
  CHECK_THROWS_AS(encoding.result(), std::domain_error);
  auto decoding =
      procs.submit([](long spared) { return carrier{.when_loaded = trouble::error, .spared = spared}; }, 0L);
  CHECK_THROWS_AS(decoding.result(), std::domain_error);
  CHECK(procs.submit(doubled, 3).result() == 6);
}

TEST_CASE("a worker that dies half way through a large result or argument fails its call alone", "[process_pool]") {
  const heddle_test::deadline limit;
  struct half {
    std::vector<char> first;
    carrier trouble_maker;
    std::vector<char> last;
  };
  process_pool_executor procs{{.max_workers = 2}};
  const long here = ::getpid();
  const auto make_half = [](trouble saved, trouble loaded, long spared) {
    return half{std::vector<char>(30'000'000), {saved, loaded, spared}, std::vector<char>(30'000'000)};
  };
  for (const trouble what : {trouble::kill, trouble::exit, trouble::error}) {
    auto result = procs.submit(heddle::partial(make_half, what, trouble::none, here));
    auto argument = procs.submit([](const half& h) { return h.first.size(); }, make_half(trouble::none, what, here));
    if (what == trouble::error) {
      CHECK_THROWS_AS(result.result(), std::domain_error);
      CHECK_THROWS_AS(argument.result(), std::domain_error);
    } else {
      CHECK_THROWS_AS(result.result(), worker_died);
      CHECK_THROWS_AS(argument.result(), worker_died);
    }
    CHECK(procs.submit(doubled, 3).result() == 6);
  }
  auto failing =
      procs.submit([](const half& h) { return h.first.size(); }, make_half(trouble::error, trouble::none, 0));
  CHECK_THROWS_AS(failing.result(), std::domain_error);
  CHECK(procs.submit(doubled, 3).result() == 6);
}

TEST_CASE("cancelling a call that runs kills its worker, and nothing else", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  for (int round = 0; round < 5; ++round) {
    auto hanging = procs.submit([] {
      for (;;) ::pause();
    });
    std::vector<heddle::future<int>> others;
    for (int i = 0; i < 20; ++i) others.push_back(procs.submit(doubled, i));
    CHECK(others[0].result() == 0);
    CHECK(hanging.cancel());
    CHECK(hanging.cancelled());
    CHECK(hanging.cancel());
    for (int i = 0; i < 20; ++i) CHECK(others[static_cast<std::size_t>(i)].result() == 2 * i);
  }
}

TEST_CASE("a result that is cancelled while it is read, and does not come to its end, is given up", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  auto stuck = procs.submit([] { return stops_half_way{std::vector<char>(5'000'000), std::vector<char>(5'000'000)}; });
  while (procs.stats().with_workers != 0) std::this_thread::yield();  // it is being read
  CHECK(stuck.cancel());
  CHECK(procs.submit(doubled, 3).result() == 6);
}

TEST_CASE("no call dies of the cancellation of another one", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  for (int i = 0; i < 200; ++i) procs.submit(doubled, i).wait();  // so that it gets many at a time
  std::size_t died = 0;
  for (std::size_t round = 0; round < scaled(500); ++round) {
    std::vector<heddle::future<int>> all;
    for (int i = 0; i < 40; ++i) all.push_back(procs.submit([](int x) { return ::usleep(10), x; }, i));
    for (std::size_t i = 0; i < all.size(); i += 2) all[i].cancel();
    for (std::size_t i = 1; i < all.size(); i += 2) {
      try {
        if (all[i].result() != static_cast<int>(i)) ++died;
      } catch (const worker_died&) {
        ++died;
      }
    }
  }
  CHECK(died == 0);
}

TEST_CASE("calls may be cancelled while several are sent", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  for (int i = 0; i < 1000; ++i) procs.submit(doubled, i).wait();  // so that they get many at a time
  for (std::size_t round = 0; round < scaled(100); ++round) {
    std::vector<heddle::future<int>> all;
    for (int i = 0; i < 200; ++i) all.push_back(procs.submit(doubled, i));
    std::thread canceller([&all] {
      for (std::size_t i = 0; i < all.size(); i += 3) all[i].cancel();
    });
    for (std::size_t i = 1; i < all.size(); i += 3) CHECK(all[i].result() == 2 * static_cast<int>(i));
    canceller.join();
    for (std::size_t i = 2; i < all.size(); i += 3) CHECK(all[i].result() == 2 * static_cast<int>(i));
  }
}

TEST_CASE("a call that runs when its worker dies is not lost, however many lie behind it", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const auto nothing = [] {};
  for (std::size_t round = 0; round < scaled(10); ++round) {
    std::vector<heddle::future<void>> short_ones;
    for (int i = 0; i < 1000; ++i) short_ones.push_back(procs.submit(nothing));
    auto last = procs.submit([] { ::usleep(5000), ::_exit(1); });
    for (int i = 0; i < 1000; ++i) short_ones.push_back(procs.submit(nothing));
    CHECK_THROWS_AS(last.result(), worker_died);
    for (auto& each : short_ones) each.result();
  }
}

TEST_CASE("a call that was cancelled before it began is never begun", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  auto first = procs.submit(stop_here);
  const auto folder = std::filesystem::temp_directory_path() / ("heddle-" + std::to_string(::getpid()));
  std::vector<heddle::future<void>> others;
  for (int i = 0; i < 10; ++i)
    others.push_back(procs.submit([](const std::string& name) { std::ofstream(name).put('x'); }, folder.string()));
  for (auto& each : others) CHECK(each.cancel());
  for (auto& each : others) CHECK_THROWS_AS(each.result(), heddle::cancelled_error);
  let_go_on(procs, [&] { return first.done(); });
  CHECK(procs.submit(doubled, 3).result() == 6);
  CHECK_FALSE(std::filesystem::exists(folder));
}

TEST_CASE("a time limit ends a call, and its clock is its own", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .timeout = 1s}};
  auto hanging = procs.submit([] {
    for (;;) ::pause();
  });
  std::vector<heddle::future<int>> others;
  for (int i = 0; i < 20; ++i) others.push_back(procs.submit([](int x) { return ::usleep(60'000), x; }, i));
  CHECK_THROWS_AS(hanging.result(), heddle::task_timeout);
  for (int i = 0; i < 20; ++i) CHECK(others[static_cast<std::size_t>(i)].result() == i);
}

TEST_CASE("a call whose worker died is begun anew as often as it may", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .on_crash = heddle::on_crash::retry(2)}};
  auto f = procs.submit([] { ::raise(SIGKILL); });
  try {
    f.result();
    FAIL("it did not fail");
  } catch (const worker_died& died) {
    CHECK(died.attempts() == 3);
    CHECK_THAT(died.what(), ContainsSubstring("the last of 3"));
  }
  const auto file = std::filesystem::temp_directory_path() / ("heddle-retry-" + std::to_string(::getpid()));
  auto second = procs.submit(
      [](const std::string& name) {
        if (!std::filesystem::exists(name)) {
          std::ofstream(name).put('x');
          ::raise(SIGKILL);
        }
        return 5;
      },
      file.string());
  CHECK(second.result() == 5);
  std::filesystem::remove(file);
}

TEST_CASE("a worker ends after as many calls as it may have", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .max_tasks_per_child = 3}};
  std::vector<heddle::future<pid_t>> all;
  for (int i = 0; i < 10; ++i) all.push_back(procs.submit([] { return ::getpid(); }));
  std::map<pid_t, int> counts;
  for (auto& each : all) ++counts[each.result()];
  CHECK(counts.size() == 4);
  for (const auto& [pid, count] : counts) CHECK(count <= 3);
}

TEST_CASE("a result that is larger than it may be is an error of its call", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .max_result = 3'000'000}};
  CHECK(procs.submit([] { return std::string(2'000'000, 'x'); }).result().size() == 2'000'000);
  CHECK_THROWS_WITH(procs.submit([] { return std::string(4'000'000, 'x'); }).result(), ContainsSubstring("max_result"));
  CHECK_THROWS_AS(procs.submit([] { return std::string(4'000'000, 'x'); }).result(), heddle::message_too_large);
  CHECK(procs.submit(doubled, 3).result() == 6);
}

TEST_CASE("what a call throws is not limited by what it may return", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .max_result = 8}};
  auto call = procs.submit([]() -> int { throw std::domain_error(std::string(5000, 'x')); });
  CHECK_THROWS_AS(call.result(), std::domain_error);
  process_pool_executor broken{
      {.max_workers = 1, .initializer = [] { throw std::domain_error("no"); }, .max_result = 8}};
  CHECK_THROWS_AS(broken.submit(doubled, 1).result(), heddle::broken_process_pool);
}

TEST_CASE("heddle's own errors come back as what they were", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const auto thrown = [&]<class E>(std::type_identity<E>) { procs.submit([] { throw E("late"); }).result(); };
  CHECK_THROWS_AS(thrown(std::type_identity<heddle::codec_error>()), heddle::codec_error);
  CHECK_THROWS_AS(thrown(std::type_identity<heddle::malformed_message>()), heddle::malformed_message);
  CHECK_THROWS_AS(thrown(std::type_identity<heddle::map_timeout_error>()), heddle::map_timeout_error);
  CHECK_THROWS_AS(thrown(std::type_identity<heddle::task_timeout>()), heddle::task_timeout);
  CHECK_THROWS_AS(thrown(std::type_identity<heddle::cancelled_error>()), heddle::cancelled_error);
  CHECK_THROWS_AS(thrown(std::type_identity<heddle::invalid_state_error>()), heddle::invalid_state_error);
  CHECK_THROWS_AS(thrown(std::type_identity<heddle::broken_process_pool>()), heddle::broken_process_pool);
  try {
    thrown(std::type_identity<heddle::timeout_error>());
    FAIL("it has returned");
  } catch (const heddle::task_timeout&) {
    FAIL("it is another one");
  } catch (const heddle::timeout_error& late) {
    CHECK(std::string(late.what()) == "late");
    CHECK_THROWS_AS(std::rethrow_if_nested(late), heddle::remote_error);
  }
}

TEST_CASE("an initializer runs in each worker before its first call", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{
      {.max_workers = 2,
       .initializer = heddle::partial([](const std::string& text) { ::setenv("HEDDLE_TEST_SETUP", text.c_str(), 1); },
                                      std::string("set up"))}};
  for (int i = 0; i < 20; ++i)
    CHECK(procs.submit([] { return std::string(std::getenv("HEDDLE_TEST_SETUP")); }).result() == "set up");
  procs.submit([] { ::raise(SIGKILL); }).wait();
  CHECK(procs.submit([] { return std::string(std::getenv("HEDDLE_TEST_SETUP")); }).result() == "set up");
}

TEST_CASE("an initializer that throws breaks the pool", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2, .initializer = [] { throw std::range_error("no licence"); }}};
  std::vector<heddle::future<int>> all;
  for (int i = 0; i < 10; ++i) {
    try {
      all.push_back(procs.submit(doubled, i));
    } catch (const heddle::broken_process_pool&) {
      break;
    }
  }
  for (auto& each : all) {
    try {
      each.result();
      FAIL("it was run");
    } catch (const heddle::broken_process_pool& broken) {
      CHECK_THROWS_AS(std::rethrow_if_nested(broken), std::range_error);
    }
  }
  CHECK_THROWS_AS(procs.submit(doubled, 1), heddle::broken_process_pool);
}

TEST_CASE("an initializer that crashes is no reason to start workers for ever", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2, .initializer = [] { std::_Exit(3); }}};
  try {
    procs.submit(doubled, 1).result();
    FAIL("it was run");
  } catch (const worker_died& died) {
    CHECK(died.exit_code() == 3);
    CHECK(died.attempts() == 0);
    CHECK_THAT(died.what(), ContainsSubstring("before it had begun a call") && !ContainsSubstring("ran this call"));
  }
}

TEST_CASE("a pool that a crash breaks takes no more calls", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .on_crash = heddle::on_crash::break_pool()}};
  CHECK(procs.submit(doubled, 1).result() == 2);
  auto crash = procs.submit([] { ::raise(SIGKILL); });
  CHECK_THROWS_AS(crash.result(), worker_died);
  try {
    for (;;) procs.submit(doubled, 1).wait();
  } catch (const heddle::broken_process_pool& broken) {
    CHECK_THROWS_AS(std::rethrow_if_nested(broken), worker_died);
    CHECK_THROWS_WITH(std::rethrow_if_nested(broken), !ContainsSubstring("this call"));
  }
}

TEST_CASE("workers that are terminated or killed fail what they run, and the pool ends", "[process_pool]") {
  const heddle_test::deadline limit;
  const bool is_kind = GENERATE(true, false);
  process_pool_executor procs{{.max_workers = 2}};
  auto hanging = procs.submit([] {
    for (;;) ::pause();
  });
  CHECK(procs.submit(doubled, 1).result() == 2);
  while (procs.stats().with_workers == 0) std::this_thread::yield();
  is_kind ? procs.terminate_workers() : procs.kill_workers();
  try {
    hanging.result();
    FAIL("it has ended");
  } catch (const worker_died& died) {
    CHECK(died.signal() == (is_kind ? SIGTERM : SIGKILL));
  } catch (const heddle::cancelled_error&) {
    // It had not begun.
  }
  CHECK_THROWS_AS(procs.submit(doubled, 1), heddle::executor_shutdown_error);
  procs.shutdown();
  CHECK(procs.stats().workers == 0);
}

TEST_CASE("a worker that has grown too large is replaced after its call", "[process_pool]") {
  const heddle_test::deadline limit;
  if (heddle_test::under_address_sanitizer || heddle_test::under_thread_sanitizer)
    return;  // they are large from the start
  process_pool_executor procs{{.max_workers = 1, .max_rss = 100'000'000}};
  const auto pid = [] { return ::getpid(); };
  const pid_t first = procs.submit(pid).result();
  CHECK(procs.submit(pid).result() == first);
  procs
      .submit([] {
        static std::vector<char> leaked;
        leaked.assign(120'000'000, 'y');
      })
      .result();
  while (procs.submit(pid).result() == first) std::this_thread::yield();
}

TEST_CASE("a worker has no more memory than it may have", "[process_pool]") {
  const heddle_test::deadline limit;
  if (heddle_test::under_address_sanitizer || heddle_test::under_thread_sanitizer) return;  // they reserve all there is
  process_pool_executor procs{{.max_workers = 1, .max_memory = 300'000'000}};
  const auto fill = [](std::size_t size) {
    std::vector<char> all(size, 'x');
    return std::accumulate(all.begin(), all.end(), 0UL,
                           [](std::size_t sum, char each) { return sum * 3 + std::size_t(each); });
  };
  CHECK_THROWS_AS(procs.submit(fill, std::size_t{400'000'000}).result(), std::bad_alloc);
  CHECK(procs.submit(fill, std::size_t{1'000}).result() != 0);
  CHECK(procs.submit(doubled, 3).result() == 6);
}

TEST_CASE("a worker's surroundings are those that were asked for", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .threads_per_worker = 3, .worker_stdio = heddle::worker_stdio::null}};
  CHECK(procs.submit([] { return std::string(std::getenv("OMP_NUM_THREADS")); }).result() == "3");
  CHECK(procs.submit([] { return std::filesystem::read_symlink("/proc/self/fd/1").string(); }).result() == "/dev/null");
}

TEST_CASE("what runs in a sandbox reaches nothing outside", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1,
                               .initializer = [] { std::fflush(nullptr); },
                               .sandbox = heddle::sandbox_options{.no_network = true, .read_only_filesystem = true}}};
  CHECK(procs.submit(doubled, 4).result() == 8);
  CHECK(procs.submit([](pid_t program) { return ::kill(program, 0) == -1 && errno == EPERM; }, ::getpid()).result());
  CHECK(procs.submit([] { return ::socket(AF_INET, SOCK_STREAM, 0) == -1 && errno == EPERM; }).result());
  CHECK(procs.submit([] { return !std::ofstream("/tmp/heddle_sandbox_test").is_open(); }).result());
  CHECK(procs.submit([](std::vector<char> v) { return v.size(); }, std::vector<char>(5'000'000)).result() == 5'000'000);
  CHECK_THROWS_AS(procs.submit([] { ::abort(); }).result(), worker_died);
  CHECK(procs.submit(doubled, 4).result() == 8);
}

TEST_CASE("a call may make a pool of its own, but not without end", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  CHECK(procs
            .submit([] {
              process_pool_executor inner{{.max_workers = 1}};
              return inner.submit(doubled, 21).result();
            })
            .result() == 42);
}

TEST_CASE("kills from outside fail at most the calls that ran", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  const std::size_t kills = scaled(300);
  std::atomic<bool> over{false};
  std::atomic<std::size_t> killed{0};
  std::thread killer([&] {
    std::minstd_rand random(7);
    while (killed < kills && !over) {
      const auto pids = procs.worker_pids();
      if (pids.empty()) continue;
      if (::kill(pids[random() % pids.size()], SIGKILL) == 0) ++killed;
      ::usleep(500);
    }
  });
  std::size_t submitted = 0;
  std::size_t results = 0;
  std::size_t died = 0;
  std::size_t other = 0;
  while (killed < kills) {
    std::vector<heddle::future<int>> batch;
    for (int i = 0; i < 200; ++i) batch.push_back(procs.submit([](int x) { return x + 1; }, i));
    submitted += batch.size();
    for (int i = 0; i < 200; ++i) {
      try {
        (batch[static_cast<std::size_t>(i)].result() == i + 1 ? results : other) += 1;
      } catch (const worker_died&) {
        ++died;
      } catch (...) {
        ++other;
      }
    }
  }
  over = true;
  killer.join();
  CHECK(submitted == results + died);
  CHECK(other == 0);
  CHECK(died <= killed);
}

TEST_CASE("a worker that writes anything over what it shares does its program no harm", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2, .timeout = 1s}};
  for (unsigned seed = 0; seed < scaled(100); ++seed) {
    auto vandal = procs.submit(
        [](unsigned seeded) {
          const auto [memory, size] = shared_memory_of_this_worker();
          std::minstd_rand random(seeded);
          const std::size_t writes = random() % 3 == 0 ? 100'000 : 1 + random() % 50;
          // The first pages have what both look at; what follows are bytes of messages.
          const std::size_t within = random() % 2 == 0 ? 8192 : size;
          for (std::size_t i = 0; i < writes; ++i) {
            const std::uint64_t word = random() % 4 == 0 ? random() % 64 : (std::uint64_t{random()} << 33U) ^ random();
            std::memcpy(memory + (random() % (within / 8)) * 8, &word, sizeof word);
          }
          return std::vector<int>(random() % 100, 5);
        },
        seed);
    auto other = procs.submit(doubled, 4);
    vandal.wait();
    try {
      CHECK(other.result() == 8);
    } catch (const std::exception&) {
      // It was with the same worker.
    }
    CHECK(procs.submit(doubled, 5).result() == 10);
  }
}

TEST_CASE("pools leave nothing behind", "[process_pool]") {
  const heddle_test::deadline limit;
  {
    process_pool_executor{{.max_workers = 1}}.submit(doubled, 1).result();
  }
  const std::size_t descriptors = count_entries("/proc/self/fd");
  const std::size_t threads = heddle_test::thread_count();
  for (std::size_t i = 0; i < scaled(100); ++i) {
    process_pool_executor procs{{.max_workers = 2}};
    auto a = procs.submit(doubled, 1);
    auto b = procs.submit([] { ::raise(SIGKILL); });
    if (i % 3 == 0) {
      CHECK(a.result() == 2);
      CHECK_THROWS_AS(b.result(), worker_died);
    }
  }
  CHECK(count_entries("/proc/self/fd") == descriptors);
  CHECK(heddle_test::thread_count() == threads);
}
