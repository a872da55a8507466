// SPDX-License-Identifier: MIT
// Workers that do to their program what they can: wake it all the time, write what is not, or what was.
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <random>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <heddle/process/channel_memory.hpp>
#include <heddle/process/descriptor.hpp>
#include <heddle/process/message.hpp>
#include <heddle/process_pool_executor.hpp>
#include <processes/ended_in_time.hpp>
#include <processes/half_read.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

using namespace std::chrono_literals;
using heddle::death_cause;
using heddle::process_pool_executor;
using heddle::worker_died;
using heddle_test::ended_in_time;
using heddle_test::scaled;

namespace {

int tenfold(int value) { return 10 * value; }

/// What this worker shares with its program.
std::span<std::byte> channel_of_this_worker() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("memfd:heddle") == std::string::npos) continue;
    const std::uint64_t from = std::stoull(line, nullptr, 16);
    const std::uint64_t to = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
    return {reinterpret_cast<std::byte*>(from), static_cast<std::size_t>(to - from)};  // NOLINT: as the system says it
  }
  return {};
}

/// The number of the descriptor by which this worker tells its program to look.
int bell_of_this_worker() {
  std::error_code gone;
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/fd", gone)) {
    if (std::filesystem::read_symlink(each.path(), gone).string().find("[eventfd]") != std::string::npos)
      return std::stoi(each.path().filename().string());
  }
  return -1;
}

void ring_for_ever() {
  const int bell = bell_of_this_worker();
  for (;;) {
    const std::uint64_t one = 1;
    static_cast<void>(::write(bell, &one, sizeof one));
  }
}

void wake_for_ever() {
  auto& shared = heddle::process::channel_memory::find_in(channel_of_this_worker());
  for (;;) {
    shared.of_receiver.wake();
    shared.of_sender.wake();
  }
}

/// Whatever a descriptor's flags say.
bool can_read_without_waiting() {
  const heddle::process::descriptor empty(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  std::uint64_t count = 0;
  const iovec into{&count, sizeof count};
  return ::preadv2(empty.number(), &into, 1, -1, RWF_NOWAIT) < 0 && errno == EAGAIN;
}

/// From now on whoever reads it waits, since it is empty; or whoever writes, since it is full.
int make_bell_wait(bool is_full) {
  const int bell = bell_of_this_worker();
  std::uint64_t count = 0;
  static_cast<void>(::read(bell, &count, sizeof count));
  count = UINT64_MAX - 1;
  if (is_full) static_cast<void>(::write(bell, &count, sizeof count));
  return ::fcntl(bell, F_SETFL, 0);
}

/// What is wrong with an answer that a worker makes up.
enum class forgery : std::uint8_t { was_given_before, is_of_no_call, is_longer_than_it_is, is_taken_back };

/// Publishes such an answer behind the last one, which was a number, and stays.
void forge(forgery what) {
  using heddle::process::channel_memory;
  using heddle::process::message_head;
  auto& shared = channel_memory::find_in(channel_of_this_worker());
  constexpr std::uint64_t length = 2 * sizeof(message_head);  // of a number
  const std::uint64_t end = shared.results.written.load();
  message_head head;
  std::memcpy(&head, shared.result_bytes + (end - length) % channel_memory::ring_size, sizeof head);
  if (what == forgery::is_of_no_call) head.sequence += 1000;
  if (what == forgery::is_longer_than_it_is) {
    ++head.sequence;
    head.size = channel_memory::ring_size / 2;
  }
  std::memcpy(shared.result_bytes + end % channel_memory::ring_size, &head, sizeof head);
  shared.results.written.store(what == forgery::is_taken_back ? end - length : end + length);
  shared.of_receiver.wake();
  const std::uint64_t one = 1;
  static_cast<void>(::write(bell_of_this_worker(), &one, sizeof one));
  for (;;) ::pause();
}

/// Some words of what this worker shares are as they were in an earlier call, and some where something else was: in the
/// first page, where numbers, doorbells and slots lie, and in that of the first results, behind the requests.
int replay(unsigned seed, int value) {
  static const std::span<std::byte> all = channel_of_this_worker();
  static std::vector<std::uint64_t> then;
  constexpr std::size_t page = 4096;
  constexpr std::size_t count = 2 * page / sizeof(std::uint64_t);
  const auto word = [](std::size_t i) {
    std::size_t at = i * sizeof(std::uint64_t);
    if (at >= page) at += heddle::process::channel_memory::ring_size;
    return std::atomic_ref(*reinterpret_cast<std::uint64_t*>(all.data() + at));
  };
  std::minstd_rand random(seed);
  for (int i = 0; i < 20 && !then.empty(); ++i) {
    const std::size_t to = random() % count;
    word(to).store(then[random() % 4 == 0 ? random() % count : to]);
  }
  if (then.empty() || random() % 4 == 0) {
    then.resize(count);
    for (std::size_t i = 0; i < count; ++i) then[i] = word(i).load();
  }
  heddle::process::channel_memory::find_in(all).of_receiver.wake();
  ::usleep(20);  // somebody looks at it now
  return 10 * value;
}

using wakes_half_way = heddle_test::half_read<&wake_for_ever>;

template <class T>
void check_was_killed_by_pool(heddle::future<T>& call) {
  try {
    call.result();
    FAIL("it was not killed");
  } catch (const worker_died& died) {
    CHECK(died.cause() == death_cause::killed_by_pool);
  }
}

}  // namespace

TEST_CASE("a worker that wakes its program for nothing, all the time, is killed", "[process_pool][timing]") {
  if (heddle_test::under_thread_sanitizer || heddle_test::under_address_sanitizer) SKIP("it wakes too slowly");
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  SECTION("by its bell, while nobody waits for it") {
    auto rings = procs.submit(ring_for_ever);
    while (!rings.done()) std::this_thread::sleep_for(1ms);
    check_was_killed_by_pool(rings);
  }
  SECTION("by its bell, while somebody waits for it") {
    auto rings = procs.submit(ring_for_ever);
    check_was_killed_by_pool(rings);
  }
  SECTION("by what somebody sleeps at who waits for a result") {
    auto wakes = procs.submit(wake_for_ever);
    check_was_killed_by_pool(wakes);
  }
  SECTION("by what somebody sleeps at who sends it a large argument") {
    auto wakes = procs.submit([](const wakes_half_way&) {}, wakes_half_way());
    check_was_killed_by_pool(wakes);
  }
  CHECK(procs.submit(tenfold, 2).result() == 20);
}

TEST_CASE("a worker that says that it has read what was never written is killed, and keeps nobody waiting",
          "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  auto liar = procs.submit([] {
    auto& shared = heddle::process::channel_memory::find_in(channel_of_this_worker());
    std::thread([&shared] {
      for (;;) shared.requests.read.store(std::uint64_t{1} << 60U, std::memory_order_relaxed);
    }).detach();
  });
  liar.wait();
  const std::string large(3'000'000, 'x');
  for (int i = 0; i < 20; ++i) {
    auto next = procs.submit([](const std::string& text) { return text.size(); }, large);
    try {
      const std::size_t size = next.result();
      CHECK(size == large.size());
    } catch (const worker_died& died) {
      CHECK(died.cause() == death_cause::killed_by_pool);
    }
  }
  CHECK(procs.submit([](const std::string& text) { return text.size(); }, large).result() == large.size());
}

TEST_CASE("a worker that makes its bell one that others wait at keeps nobody waiting", "[process_pool]") {
  const heddle_test::deadline limit;
  if (!can_read_without_waiting()) SKIP("before Linux 5.8 nobody can help it");
  const bool is_full = GENERATE(false, true);
  CAPTURE(is_full);
  process_pool_executor procs{{.max_workers = 1}};
  for (int round = 0; round < 5; ++round) {  // so that it gets several calls at a time
    for (auto& each : procs.submit_bulk(tenfold, std::vector<int>(500, 1))) each.wait();
  }
  CHECK(procs.submit(make_bell_wait, is_full).result() == 0);
  auto before = procs.submit_bulk(tenfold, std::vector<int>(20, 1));
  auto stays = procs.submit([] {
    for (;;) ::pause();
  });
  std::this_thread::sleep_for(100ms);  // the supervisor reads what was before, and looks again
  CHECK(stays.cancel());
  CHECK(procs.submit(tenfold, 1).result() == 10);
}

TEST_CASE("a worker that has its waiter moved to where nobody wakes it keeps nobody waiting", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  auto moves = procs.submit([] {
    auto& shared = heddle::process::channel_memory::find_in(channel_of_this_worker());
    while (shared.of_receiver.look() != heddle::process::channel_memory::somebody) ::usleep(100);
    ::usleep(20'000);  // until it sleeps
    auto* const elsewhere = shared.result_bytes + heddle::process::channel_memory::ring_size - sizeof(int);
    ::syscall(SYS_futex, &shared.of_receiver, FUTEX_REQUEUE, 0, 1, elsewhere, 0);
    ::raise(SIGKILL);
  });
  CHECK_THROWS_AS(moves.result(), worker_died);
}

TEST_CASE("a worker that makes up an answer is killed", "[process_pool]") {
  const heddle_test::deadline limit;
  const forgery what = GENERATE(forgery::was_given_before, forgery::is_of_no_call, forgery::is_longer_than_it_is,
                                forgery::is_taken_back);
  CAPTURE(static_cast<int>(what));
  process_pool_executor procs{{.max_workers = 1, .timeout = 10s}};
  CHECK(procs.submit(tenfold, 1).result() == 10);
  auto forged = procs.submit(forge, what);
  check_was_killed_by_pool(forged);
  CHECK(procs.submit(tenfold, 2).result() == 20);
}

TEST_CASE("a worker that writes again what it shared before does its program no harm", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .timeout = 500ms}};
  process_pool_executor others{{.max_workers = 1}};
  std::size_t answered = 0;
  std::size_t damaged = 0;
  unsigned seed = 0;
  for (std::size_t times = 0; times < 20 + scaled(20); ++times) {
    std::vector<heddle::future<int>> calls;
    for (int i = 0; i < 50; ++i) calls.push_back(procs.submit(replay, ++seed, i));
    for (auto& each : calls) {
      try {
        static_cast<void>(ended_in_time(each, procs).result());  // any number: its worker has it right or not
        ++answered;
      } catch (const std::exception&) {
        ++damaged;
      }
    }
    CHECK(others.submit(tenfold, 5).result() == 50);
  }
  CAPTURE(answered, damaged);
  CHECK(answered > 0);
  CHECK(damaged > 0);
}

TEST_CASE("a worker that announces more than there can be keeps nobody waiting", "[process_pool]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .timeout = 2s, .max_result = UINT64_MAX}};
  auto announces = procs.submit([]() -> std::vector<char> {
    auto& shared = heddle::process::channel_memory::find_in(channel_of_this_worker());
    const heddle::process::message_head head{.sequence = 2,  // behind a module
                                             .size = UINT64_MAX,
                                             .what = heddle::process::message_head::kind::value,
                                             .is_streamed = 1};
    std::memcpy(shared.result_bytes, &head, sizeof head);
    shared.results.written.store(1000 * sizeof head, std::memory_order_release);
    if (shared.of_receiver.ring() == heddle::process::channel_memory::somebody) shared.of_receiver.wake();
    const std::uint64_t one = 1;
    static_cast<void>(::write(bell_of_this_worker(), &one, sizeof one));
    for (;;) ::pause();
  });
  check_was_killed_by_pool(announces);
  CHECK(procs.submit(tenfold, 2).result() == 20);
}
