// SPDX-License-Identifier: MIT
// Workers that are killed one after the other, under load, and what becomes of every call.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <ostream>
#include <random>
#include <set>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <heddle/process_pool_executor.hpp>

namespace heddle_test {

/// What a call notes of itself, in memory that its program sees.
struct storm_note {
  std::atomic<std::uint32_t> begun{0};  // how often
  std::atomic<std::uint32_t> turn{0};   // of all that have begun
  std::atomic<pid_t> worker{0};
  std::atomic<bool> has_ended{false};
};

/// Memory for them, which workers find by its name.
class storm_notes {
 public:
  explicit storm_notes(std::size_t count) : size_(count * sizeof(storm_note)), file_(::memfd_create("storm", 0)) {
    if (file_ < 0 || ::ftruncate(file_, static_cast<off_t>(size_)) != 0)
      throw std::system_error(errno, std::system_category(), "memfd_create");
    notes_ = map(file_, size_);
  }
  storm_notes(const storm_notes&) = delete;
  storm_notes& operator=(const storm_notes&) = delete;
  ~storm_notes() {
    ::munmap(notes_, size_);
    ::close(file_);
  }

  [[nodiscard]] storm_note& operator[](std::size_t number) const noexcept { return notes_[number]; }
  void clear() const noexcept {
    for (std::size_t i = 0; i < size_ / sizeof(storm_note); ++i) {
      notes_[i].begun = 0;
      notes_[i].turn = 0;
      notes_[i].worker = 0;
      notes_[i].has_ended = false;
    }
  }

  /// What a worker does first.
  [[nodiscard]] auto initializer() const {
    return heddle::partial(
        [](pid_t program, int number, std::uint64_t size) {
          const int file =
              ::open(("/proc/" + std::to_string(program) + "/fd/" + std::to_string(number)).c_str(), O_RDWR);
          here() = map(file, size);
          ::close(file);
        },
        ::getpid(), file_, std::uint64_t{size_});
  }
  /// In a worker.
  static storm_note*& here() noexcept {
    static storm_note* notes = nullptr;
    return notes;
  }

 private:
  static storm_note* map(int file, std::size_t size) {
    void* const mapped = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (mapped == MAP_FAILED) throw std::system_error(errno, std::system_category(), "mmap");
    return static_cast<storm_note*>(mapped);
  }

  std::size_t size_;
  int file_;
  storm_note* notes_ = nullptr;
};

/// What became of the calls.
struct storm_account {
  std::size_t submitted = 0;
  std::size_t results = 0;
  std::size_t failed_by_kill = 0;
  std::size_t cancelled = 0;
  std::size_t lost = 0;       // ended otherwise, or with a wrong result
  std::size_t run_twice = 0;  // begun more than once
  std::size_t too_early = 0;  // begun by the only worker before one that was submitted earlier
  std::size_t innocent = 0;   // failed although nobody has killed their worker, or with another one by the same kill
  std::size_t kills_from_outside = 0;
  std::size_t kills_by_cancel = 0;
  std::size_t deep_kills = 0;  // signals from outside, some to the dead, when workers had 16 calls before them, each

  [[nodiscard]] std::size_t kills() const noexcept { return kills_from_outside + kills_by_cancel; }
  [[nodiscard]] bool is_sound() const noexcept {
    return submitted == results + failed_by_kill + cancelled && lost == 0 && run_twice == 0 && too_early == 0 &&
           innocent == 0;
  }

  friend std::ostream& operator<<(std::ostream& out, const storm_account& of) {
    return out << of.kills() << " kills: " << of.kills_from_outside << " from outside (" << of.deep_kills
               << " signals were sent when there were 16 calls and more for each worker), " << of.kills_by_cancel
               << " by cancel()\n"
               << of.submitted << " submitted = " << of.results << " results + " << of.failed_by_kill
               << " failed by kill + " << of.cancelled << " cancelled\n"
               << of.lost << " lost, " << of.run_twice << " run twice, " << of.too_early << " too early, "
               << of.innocent << " innocent\n";
  }
};

class kill_storm {
 public:
  struct size {
    std::size_t kills = 10'000;
    std::size_t workers = 2;
    unsigned seed = 1;
  };

  explicit kill_storm(const size& of) : size_(of) {}

  storm_account run() {
    heddle::process_pool_executor procs{{.max_workers = size_.workers, .initializer = notes_.initializer()}};
    std::atomic<bool> is_over{false};
    std::thread killer([&] {
      std::minstd_rand random(size_.seed);
      while (!is_over) kill_one(procs, random);
    });
    std::minstd_rand random(size_.seed + 1);
    while (account_.kills() < size_.kills) {
      run_batch(procs, random);
      account_.kills_from_outside = procs.stats().died;
    }
    is_over = true;
    killer.join();
    account_.deep_kills = deep_kills_;
    return account_;
  }

 private:
  enum class kind : std::uint8_t { quick, stays };
  using future = heddle::future<std::uint32_t>;
  static constexpr std::size_t batch = 2000;
  static constexpr std::size_t of_all = batch;  // the number of a note that is no call's
  static constexpr std::size_t one_that_stays_of = 200;

  static std::uint32_t answer_to(std::uint32_t number) noexcept { return number * 7 + 1; }

  static std::uint32_t call(std::uint32_t number, kind what) {
    storm_note& note = storm_notes::here()[number];
    note.worker = ::getpid();
    note.turn = ++storm_notes::here()[of_all].begun;
    ++note.begun;
    while (what == kind::stays) ::pause();
    note.has_ended = true;
    return answer_to(number);
  }

  /// When the workers have calls before them, and have done something since the last one was killed: those that are
  /// killed before their first call are started ever more slowly.
  void kill_one(heddle::process_pool_executor& procs, std::minstd_rand& random) {
    if (procs.stats().done == done_before_) return std::this_thread::yield();
    const auto pids = procs.worker_pids();
    if (pids.empty()) return std::this_thread::yield();
    const pid_t chosen = pids[random() % pids.size()];
    {
      const std::lock_guard lock(mutex_);
      if (!killed_.insert(chosen).second) return;  // it is about to end, or has the number of one that did
    }
    bool is_deep = false;
    for (int tries = 0; tries < 2000 && !is_deep; ++tries) {
      is_deep = procs.stats().with_workers >= 16 * size_.workers;
      if (!is_deep) std::this_thread::yield();
    }
    done_before_ = procs.stats().done;
    if (::kill(chosen, SIGKILL) == 0 && is_deep) ++deep_kills_;
  }

  void run_batch(heddle::process_pool_executor& procs, std::minstd_rand& random) {
    notes_.clear();
    std::vector<future> all;
    std::vector<std::size_t> staying;
    for (std::uint32_t i = 0; i < batch; ++i) {
      const bool stays = random() % one_that_stays_of == 0;
      if (stays) staying.push_back(i);
      all.push_back(procs.submit(call, i, stays ? kind::stays : kind::quick));
    }
    std::thread canceller([&] {
      // In any order: one may wait in front of a worker that runs another one.
      while (!staying.empty()) {
        std::erase_if(staying, [&](std::size_t each) {
          if (notes_[each].begun == 0 && !all[each].done()) return false;
          all[each].cancel();
          return true;
        });
        std::this_thread::yield();
      }
    });
    for (std::size_t i = random() % 100; i < batch; i += 1 + random() % 200) all[i].cancel();
    failed_here_.clear();
    last_turn_ = 0;
    for (std::uint32_t i = 0; i < batch; ++i) account_for(all[i], i);
    canceller.join();
  }

  void account_for(future& call, std::uint32_t number) {
    const storm_note& note = notes_[number];
    ++account_.submitted;
    try {
      ++(call.result() == answer_to(number) && note.begun == 1 ? account_.results : account_.lost);
    } catch (const heddle::worker_died& died) {
      ++account_.failed_by_kill;
      if (!is_fair(died, note)) ++account_.innocent;
    } catch (const heddle::cancelled_error&) {
      ++account_.cancelled;
      if (note.begun == 1 && !note.has_ended) ++account_.kills_by_cancel;
    } catch (...) {
      ++account_.lost;
    }
    if (note.begun > 1) ++account_.run_twice;
    if (size_.workers != 1 || note.turn == 0) return;
    if (note.turn < last_turn_) ++account_.too_early;
    last_turn_ = note.turn;
  }

  /// Whether somebody has killed the worker that ran the call, for which no other one fails.
  bool is_fair(const heddle::worker_died& died, const storm_note& note) {
    const auto process = static_cast<pid_t>(died.pid());
    const std::lock_guard lock(mutex_);
    return killed_.contains(process) && failed_here_.insert(process).second &&
           (note.begun == 0 || note.worker == process);
  }

  const size size_;
  const storm_notes notes_{batch + 1};
  storm_account account_;
  std::atomic<std::size_t> deep_kills_{0};
  std::uint64_t done_before_ = 0;  // the last kill
  std::set<pid_t> failed_here_;
  std::uint32_t last_turn_ = 0;
  std::mutex mutex_;
  std::set<pid_t> killed_;
};

}  // namespace heddle_test
