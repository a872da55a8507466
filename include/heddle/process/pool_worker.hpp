// SPDX-License-Identifier: MIT
// One worker as its pool knows it.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/process/child.hpp>
#include <heddle/process/empty_wakes.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/report_box.hpp>
#include <heddle/process/request_sender.hpp>
#include <heddle/process/result_receiver.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/task_slots.hpp>
#include <heddle/process/time_limit.hpp>
#include <heddle/process/worker_channel.hpp>
#include <heddle/process/worker_died.hpp>

namespace heddle::process {

/// Under the pool's lock, but the channel, which those use who have their turn.
struct pool_worker {
  using clock = std::chrono::steady_clock;

  static constexpr std::chrono::nanoseconds ahead{50'000};  // of work that a worker has before it
  static constexpr std::size_t most_at_a_time = task_slots::capacity - 8;

  pool_worker(const worker_settings& settings, const report_box& supervisor)
      : channel(settings, supervisor), sender(channel), receiver(channel, settings) {}

  /// `count` calls more have been done; `starves` if it has nothing more, and calls wait. Then it gets more at a time,
  /// and fewer where they take longer than it seemed.
  void note_done(std::size_t count, clock::time_point now, bool starves) noexcept {
    if (count == 0) return;
    if (starves) {
      depth = std::min(2 * depth, most_at_a_time);
    } else if (outstanding != 0) {
      const auto each = std::chrono::nanoseconds(now - last_done) / static_cast<std::int64_t>(count);
      const auto fit = static_cast<std::size_t>(ahead / std::max(each, std::chrono::nanoseconds(1)));
      depth = std::clamp<std::size_t>(fit, 1, std::min(2 * depth, most_at_a_time));
    }
    done += count;
    last_done = now;
  }

  /// Whether it is to be replaced.
  [[nodiscard]] bool is_used_up(std::uint64_t max_calls) const noexcept {
    return has_had_enough || (answered >= max_calls && outstanding == 0);
  }

  /// How many calls more it may have, ever.
  [[nodiscard]] std::size_t left_of(std::uint64_t max_calls) const noexcept {
    const std::uint64_t begun = outstanding + answered;
    return static_cast<std::size_t>(max_calls - std::min(max_calls, begun));
  }

  /// Whether calls that it gets are begun at once.
  [[nodiscard]] bool is_ready() const noexcept { return is_started && is_set_up; }

  /// Whether results come from it, if it lives.
  [[nodiscard]] bool is_busy() const noexcept { return outstanding != 0 && victim == nullptr && !channel.is_lost(); }

  /// Whether none can be started for it. What is being sent to it goes back to its place in the queue first.
  [[nodiscard]] bool has_place() const noexcept { return !has_ended || is_sending; }

  /// Whether the answer of the call that it has alone is there, and is being read.
  [[nodiscard]] bool is_answer_there() noexcept {
    return timed != nullptr && channel.given().look(timed->sequence) != timed && !receiver.waits_for_rest();
  }

  [[nodiscard]] bool may_get_calls() const noexcept {
    return !is_sending && !is_leaving && !is_doomed && !has_ended && !has_had_enough && timed == nullptr &&
           victim == nullptr && !channel.is_lost();
  }

  worker_channel channel;
  request_sender sender;
  result_receiver receiver;
  serial_number serial = 0;
  process_handle handle;
  worker_end end;

  call_list sent;                       // the calls that are being sent, as long as they are not done
  remote_call* timed = nullptr;         // the call that it has alone, which has a time limit
  const remote_call* victim = nullptr;  // what it is killed for if it has not answered it by now
  base::atomic<bool> has_victim{false};
  time_limit limit;       // of the call that it has alone, or of its setup, or of its end
  time_limit read_limit;  // of the result that is being read
  clock::time_point bury_after = clock::time_point::max();
  clock::time_point look_again = clock::time_point::max();  // for results that the supervisor is told of later
  clock::time_point last_done = clock::now();
  std::size_t depth = 1;         // how many calls it may have
  std::size_t outstanding = 0;   // calls that it has and whose result is not there
  std::uint64_t answered = 0;    // calls, in all
  std::uint64_t done = 0;        // of these, those that are read and accounted for
  std::uint64_t idle_since = 0;  // the greater, the later

  empty_wakes rings;  // of its bell

  int due_signal = 0;  // to be sent when it has started
  bool is_sending = false;
  bool is_streaming = false;      // is sending, piece by piece
  bool has_begun_to_get = false;  // of these: it has the first
  bool is_receiving = false;
  bool is_read = false;  // a result of it, piece by piece, that it may still write
  bool is_started = false;
  bool is_set_up = false;   // it has done what it does first
  bool is_leaving = false;  // it was told to end
  bool is_doomed = false;   // it is to be killed as soon as nobody sends
  bool has_ended = false;   // its handle says so, or it could not be started
  bool could_not_start = false;
  bool has_report = false;      // and it is known how
  bool is_left_alone = false;   // it runs, but there is no descriptor for its handle: it is to end by itself
  bool timed_out = false;       // it is killed for its time limit
  bool has_had_enough = false;  // it has said that it is to be replaced
};

}  // namespace heddle::process
