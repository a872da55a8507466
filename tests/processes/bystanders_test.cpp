// SPDX-License-Identifier: MIT
// Calls that have nothing to do with what is cancelled, killed or slow beside them: none fails or is kept waiting, and
// nobody is busy with waiting.
#include <heddle/process_pool_executor.hpp>

#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <heddle/partial.hpp>
#include <heddle/serialize.hpp>
#include <processes/starts_forked.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>
#include <support/temporary_tree.hpp>
#include <support/threads.hpp>

using namespace std::chrono_literals;
using heddle::process_pool_executor;
using heddle_test::scaled;
using heddle_test::wait_for;

namespace {

int twice(int value) { return 2 * value; }

int sleep_for(std::chrono::milliseconds length) {
  std::this_thread::sleep_for(length);
  return 1;
}

/// Whoever encodes or decodes takes so long, or until this is 0; in workers, nothing.
std::atomic<std::chrono::milliseconds> pace{0ms};
std::atomic<bool> has_begun{false};

void take_time() {
  const auto until = std::chrono::steady_clock::now() + pace.load();
  if (pace.load() == 0ms) return;
  has_begun = true;
  while (pace.load() != 0ms && std::chrono::steady_clock::now() < until) std::this_thread::sleep_for(1ms);
}

/// For a scope.
struct slowly {
  explicit slowly(std::chrono::milliseconds given) {
    has_begun = false;
    pace = given;
  }
  slowly(const slowly&) = delete;
  slowly& operator=(const slowly&) = delete;
  ~slowly() { pace = 0ms; }
};

/// Large, so it goes piece by piece; it takes its time before that, or afterwards.
template <bool Before>
struct large_value {
  std::vector<char> bytes;

  template <class Archive>
  void serialize(Archive& archive) {
    char mark = 0;
    archive(mark);
    if (Before) take_time();
    archive(bytes);
    if (!Before) take_time();
    archive(mark);
  }
};

template <bool Before>
large_value<Before> make_large() {
  return {std::vector<char>(3'000'000)};
}

/// Takes its time to be sent, is too large to be sent at once, and never gets to who reads it.
struct never_read {
  std::vector<char> bytes;

  template <class Archive>
  void serialize(Archive& archive) {
    if (bytes.empty()) sleep_for(1h);
    take_time();
    archive(bytes);
  }
};

struct small_value {
  int value = 0;

  template <class Archive>
  void serialize(Archive& archive) {
    take_time();
    archive(value);
  }
};

/// Is encoded for as long as it is held, and is too large to be sent at once.
struct held_value {
  static inline std::atomic<bool> is_held{false};
  static inline std::atomic<bool> has_begun{false};
  std::vector<char> bytes;

  template <class Archive>
  void serialize(Archive& archive) {
    has_begun = true;
    while (is_held) sleep_for(1ms);
    archive(bytes);
  }
};

void wait_while_there(const std::string& path) {
  while (std::filesystem::exists(path)) sleep_for(1ms);
}

std::size_t size_of(const std::vector<char>& bytes) { return bytes.size(); }

/// A result that takes its time to be read, which has begun, by who has nothing else to do.
template <bool Before>
heddle::future<large_value<Before>> read_slowly(process_pool_executor& procs) {
  auto read = procs.submit(make_large<Before>);
  read.add_done_callback([](const auto&) {});
  wait_for(has_begun);
  return read;
}

/// Submits a call in another thread, whose argument takes its time to be sent, which has begun.
class slow_submission {
 public:
  explicit slow_submission(process_pool_executor& procs)
      : thread_([&] { sent_ = procs.submit([](small_value given) { return given.value; }, small_value()); }) {
    wait_for(has_begun);
  }
  slow_submission(const slow_submission&) = delete;
  slow_submission& operator=(const slow_submission&) = delete;

  /// When it is sent.
  heddle::future<int>& join() {
    thread_.join();
    return sent_;
  }

 private:
  heddle::future<int> sent_;
  std::thread thread_;
};

/// From now on its workers are given several calls at a time, if those before were quick.
void make_deep(process_pool_executor& procs) {
  for (int round = 0; round < 5; ++round) {
    for (auto& each : procs.submit_bulk(twice, std::vector<int>(500, 1))) each.wait();
  }
}

/// A call that takes so long, and its worker gets others meanwhile, however slow this machine has been.
heddle::future<int> run_before_others(process_pool_executor& procs, std::chrono::milliseconds length) {
  for (;;) {
    make_deep(procs);
    auto runs = procs.submit(sleep_for, length);
    auto behind = procs.submit_bulk(twice, std::vector<int>(4, 1));
    const bool has_them = procs.stats().with_workers == 5;
    for (auto& each : behind) each.cancel();
    if (has_them) return runs;
    runs.cancel();
  }
}

void check_uses_no_time() {
  std::this_thread::sleep_for(200ms);
  const auto before = heddle_test::cpu_time_of_this_process();
  std::this_thread::sleep_for(1s);
  CHECK(heddle_test::cpu_time_of_this_process() - before < 200ms);
}

}  // namespace

TEST_CASE("a call goes on though its waiter is woken for others that are submitted and cancelled", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  make_deep(procs);
  auto runs = procs.submit(sleep_for, 2000ms);
  std::thread waits([&] { runs.wait(); });
  while (!runs.done()) procs.submit(twice, 1).cancel();
  waits.join();
  CHECK(runs.result() == 1);
}

TEST_CASE("a call goes on though a result before it was cancelled that takes long to read", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  make_deep(procs);
  const slowly reads(1800ms);
  auto read = read_slowly<false>(procs);
  auto runs = procs.submit(sleep_for, 3000ms);
  std::this_thread::sleep_for(100ms);
  CHECK(read.cancel());
  CHECK(runs.result() == 1);
}

TEST_CASE("a result is read though a large argument for its worker is cancelled", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  make_deep(procs);
  const slowly reads(500ms);
  auto read = read_slowly<true>(procs);
  auto sent = procs.submit(size_of, std::vector<char>(3'000'000));
  std::this_thread::sleep_for(100ms);
  sent.cancel();
  CHECK(read.result().bytes.size() == 3'000'000);
  CHECK(procs.submit(size_of, std::vector<char>(3'000'000)).result() == 3'000'000);
}

TEST_CASE("what is large both ways comes back, whoever is first to say so", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  for (std::size_t i = 0; i < scaled(300); ++i) {
    std::atomic<bool> is_there{false};
    auto echoed = procs.submit([](std::vector<char> bytes) { return bytes; }, std::vector<char>(2'000'000));
    echoed.add_done_callback([&](const auto&) { is_there = true; });
    while (!is_there) std::this_thread::sleep_for(100us);
    CHECK(echoed.result().size() == 2'000'000);
  }
}

TEST_CASE("a result is there though the one behind it takes long to read", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  make_deep(procs);
  const slowly reads(500ms);
  auto read = read_slowly<false>(procs);
  pace = 10s;  // from the next one on
  auto small = procs.submit(twice, 2);
  auto behind = procs.submit(make_large<false>);
  CHECK(small.result() == 4);
  CHECK(!behind.done());
  pace = 0ms;
  CHECK(behind.result().bytes.size() == 3'000'000);
}

TEST_CASE("a call goes on though somebody looks for its result all the time", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  auto runs = procs.submit(sleep_for, 2500ms);
  std::thread looks([&] {
    ::prctl(PR_SET_TIMERSLACK, 1UL);  // in nanoseconds: what is asked for, and hardly more
    while (!runs.wait(1us)) continue;
  });
  looks.join();
  CHECK(runs.result() == 1);
}

TEST_CASE("who waits for a call that was to be sent, and was not, is told of its end", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  auto runs = run_before_others(procs, 1000ms);
  held_value::has_begun = false;
  heddle::future<void> large;
  heddle::future<int> small;
  {
    const slowly sends(10s);
    slow_submission before(procs);
    // They wait until that is sent, and are sent together.
    large = procs.submit([](const held_value&) { sleep_for(1h); }, held_value{std::vector<char>(3'000'000)});
    small = procs.submit(twice, 1);
    held_value::is_held = true;
    pace = 0ms;
    wait_for(held_value::has_begun);
    std::atomic<bool> has_waited{false};
    std::thread waits([&] {
      small.wait();
      has_waited = true;
    });
    sleep_for(1500ms);  // until it has read what there is, and sleeps
    held_value::is_held = false;
    before.join().wait();
    sleep_for(100ms);
    CHECK(small.cancel());
    for (int tries = 0; tries < 5000 && !has_waited; ++tries) sleep_for(1ms);
    CHECK(has_waited);
    large.cancel();
    waits.join();
  }
}

TEST_CASE("the time that reading a result takes is not its call's", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .timeout = 1s}};
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  {
    const slowly reads(2500ms);
    CHECK(procs.submit(make_large<true>).result().bytes.size() == 3'000'000);
  }
  {
    const slowly reads(2500ms);
    CHECK(procs.submit([] { return small_value{3}; }).result().value == 3);
  }
  CHECK(procs.submit([] { return ::getpid(); }).result() == worker);
}

TEST_CASE("a call waits for no initializer where a worker has nothing to do", "[process_pool]") {
  const heddle_test::deadline limit;
  const heddle_test::temporary_tree folder;
  const std::string waits = std::string(folder.root()) + "/waits";
  process_pool_executor procs{{.max_workers = 2, .initializer = heddle::partial(wait_while_there, waits)}};
  CHECK(procs.submit(twice, 1).result() == 2);
  folder.write("/waits", "x");
  auto runs = procs.submit(sleep_for, 100ms);
  auto late = procs.submit(twice, 2);  // the one that is there is busy, so another one is started
  CHECK(late.wait(10s));
  // Who began to have nothing to do last is not the one to take.
  auto next = procs.submit(twice, 3);
  CHECK(next.wait(10s));
  std::filesystem::remove(waits);
}

TEST_CASE("what was cancelled while it took its time to be sent is not sent", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  auto runs = procs.submit(sleep_for, 200ms);
  const slowly sends(500ms);
  auto sent = procs.submit([](const never_read&) {}, never_read{std::vector<char>(3'000'000)});
  wait_for(has_begun);
  CHECK(sent.cancel());
  CHECK(procs.submit(twice, 2).result() == 4);
}

TEST_CASE("a call that comes before the next worker may be started is begun when it may", "[process_pool]") {
  const heddle_test::deadline limit;
  const heddle_test::temporary_tree folder;
  const std::string kills = std::string(folder.root()) + "/kills";
  folder.write("/kills", "x");
  const auto die_while = [](const std::string& path) {
    if (std::filesystem::exists(path)) ::raise(SIGKILL);
  };
  process_pool_executor procs{{.max_workers = 1, .initializer = heddle::partial(die_while, kills)}};
  auto never = procs.submit(twice, 1);
  while (procs.stats().died < 7) std::this_thread::sleep_for(1ms);
  never.cancel();
  std::this_thread::sleep_for(5ms);
  std::filesystem::remove(kills);
  CHECK(procs.submit(twice, 2).result() == 4);
}

TEST_CASE("a shutdown that cancels does so at once, also what is being sent", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  auto runs = run_before_others(procs, 5000ms);
  std::this_thread::sleep_for(50ms);
  const slowly sends(200ms);
  slow_submission submitted(procs);
  procs.shutdown(heddle::pending_jobs::cancel, heddle::join_workers::no);
  CHECK_THROWS_AS(submitted.join().result(2s), heddle::cancelled_error);
  CHECK_FALSE(runs.done());
  procs.kill_workers();
}

TEST_CASE("a shutdown that cancels does so with what a worker gets before it is ready, too", "[process_pool]") {
  const heddle_test::deadline limit;
  const heddle_test::temporary_tree folder;
  const std::string waits = std::string(folder.root()) + "/waits";
  folder.write("/waits", "x");
  process_pool_executor procs{{.max_workers = 1, .initializer = heddle::partial(wait_while_there, waits)}};
  auto large = procs.submit(size_of, std::vector<char>(3'000'000));
  sleep_for(200ms);  // until it is sent, as far as there is room
  procs.shutdown(heddle::pending_jobs::cancel, heddle::join_workers::no);
  CHECK(large.wait(10s));
  CHECK(large.cancelled());
  std::filesystem::remove(waits);
}

TEST_CASE("the end of a pool waits for no initializer that nobody needs", "[process_pool]") {
  const heddle_test::deadline limit;
  // Workers that are told to leave before they are known to have started, where that takes its time.
  const auto method = heddle_test::starts_forked() ? heddle::start_method::fork : heddle::start_method::spawn;
  for (int round = 0; round < 2; ++round) {
    process_pool_executor procs{
        {.max_workers = 1, .start_method = method, .initializer = [] { sleep_for(1h); }, .initializer_timeout = 1h}};
    procs.submit(twice, 1).cancel();
  }
}

TEST_CASE("nobody is busy with waiting for who sends to a worker that is gone, or reads from it", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .on_crash = heddle::on_crash::break_pool()}};
  make_deep(procs);
  const slowly takes(2000ms);
  SECTION("a result is read") {
    auto read = read_slowly<false>(procs);
    auto dies = procs.submit([] { ::raise(SIGKILL); });
    check_uses_no_time();
    CHECK_NOTHROW(read.result());
  }
  SECTION("a call is sent") {
    slow_submission submitted(procs);
    for (const pid_t worker : procs.worker_pids()) ::kill(worker, SIGKILL);
    check_uses_no_time();
    submitted.join();
  }
  SECTION("a call is sent to a worker that runs one that was cancelled") {
    auto runs = run_before_others(procs, 60'000ms);
    std::this_thread::sleep_for(50ms);
    slow_submission submitted(procs);
    std::thread waits([&] { runs.wait(100ms); });
    std::this_thread::sleep_for(20ms);
    runs.cancel();
    check_uses_no_time();
    waits.join();
    CHECK(submitted.join().result() == 0);
  }
}
