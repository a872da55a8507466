// SPDX-License-Identifier: MIT
// Workers that do to their program what they can: wake it all the time, write what is not, or what was.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
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
#include <heddle/process_pool_executor.hpp>
#include <processes/half_read.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

using namespace std::chrono_literals;
using heddle::death_cause;
using heddle::process_pool_executor;
using heddle::worker_died;
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

using wakes_half_way = heddle_test::half_read<&wake_for_ever>;

void check_was_killed_by_pool(heddle::future<void>& call) {
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

TEST_CASE("a worker that writes again what it shared before does its program no harm", "[process_pool]") {
  if (heddle_test::under_thread_sanitizer) SKIP("it races with itself, on purpose");
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1, .timeout = 500ms}};
  process_pool_executor others{{.max_workers = 1}};
  std::size_t answered = 0;
  for (unsigned seed = 0; seed < scaled(10); ++seed) {
    auto begins = procs.submit(
        [](unsigned seeded) {
          std::thread([seeded] {
            // What both look at lies in the first pages.
            const std::span shared(reinterpret_cast<std::uint64_t*>(channel_of_this_worker().data()), 1024);
            std::minstd_rand random(seeded);
            std::vector<std::uint64_t> then(shared.size());
            for (;;) {
              for (std::size_t i = 0; i < then.size(); ++i)
                then[i] = std::atomic_ref(shared[i]).load(std::memory_order_relaxed);
              for (int i = 0; i < 1000; ++i) {
                const std::size_t word = random() % then.size();
                std::atomic_ref(shared[word]).store(then[word], std::memory_order_relaxed);
                if (i % 100 == 0) ::usleep(1);
              }
            }
          }).detach();
        },
        seed);
    begins.wait();
    std::vector<heddle::future<int>> calls;
    for (int i = 0; i < 50; ++i) calls.push_back(procs.submit(tenfold, i));
    for (int i = 0; i < 50; ++i) {
      try {
        const int result = calls[static_cast<std::size_t>(i)].result();
        CHECK(result % 10 == 0);
        ++answered;
      } catch (const std::exception&) {
        // Its worker has damaged it.
      }
    }
    CHECK(others.submit(tenfold, 5).result() == 50);
  }
  CHECK(answered > 0);
}
