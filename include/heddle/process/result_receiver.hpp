// SPDX-License-Identifier: MIT
// Receives what becomes of the calls of one worker.
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/process/channel_memory.hpp>
#include <heddle/process/empty_wakes.hpp>
#include <heddle/process/exception_codec.hpp>
#include <heddle/process/given_calls.hpp>
#include <heddle/process/message.hpp>
#include <heddle/process/message_reader.hpp>
#include <heddle/process/remote_call.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/task_slots.hpp>
#include <heddle/process/worker_channel.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/spin_wait.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::process {

/// One thread at a time.
class result_receiver {
 public:
  result_receiver(worker_channel& channel, const worker_settings& settings) noexcept
      : channel_(channel),
        shared_(channel.shared()),
        given_(channel.given()),
        results_(shared_.results, shared_.result_bytes),
        max_result_(std::min(settings.max_result, most_ever)) {
    expect_supervisor();
  }
  result_receiver(const result_receiver&) = delete;
  result_receiver& operator=(const result_receiver&) = delete;

  /// The first answer is that to what the worker does first. Before any other thread has the worker.
  void expect_setup(task_slots::sequence of) noexcept { setup_ = of; }

  /// Nobody receives: the supervisor is to be told.
  void expect_supervisor() noexcept { shared_.of_receiver.prepare(channel_memory::supervisor); }
  /// As expect_supervisor(), but as long as the worker has more to do the supervisor is not told: it is to look soon.
  void expect_supervisor_later() noexcept { shared_.of_receiver.prepare(channel_memory::supervisor_later); }
  /// Somebody receives, and looks by itself.
  void expect_nobody() noexcept { shared_.of_receiver.cancel(); }

  /// Whether the worker has said that it is to be replaced.
  [[nodiscard]] bool has_had_enough() const noexcept { return has_had_enough_; }

  /// Whether it waits for more of a result, at this moment. Any thread.
  [[nodiscard]] bool waits_for_rest() const noexcept {
    return waits_for_rest_.load(base::relaxed);  // relaxed: a hint
  }

  [[nodiscard]] bool has_results() noexcept {
    if (has_head_) return true;
    if (results_.readable_bytes() < sizeof(message_head)) results_.look();
    return results_.is_broken() || results_.readable_bytes() >= sizeof(message_head);
  }

  /// Waits for results until `is_over()`, or the worker is lost, or for a while; not awake if the worker had to be
  /// woken. Before it sleeps it asks `is_called_off()`, too; who makes that true calls wake_waiters() afterwards.
  template <class IsOver, class IsCalledOff>
  void wait_for_results(sync::deadline until, const IsOver& is_over, const IsCalledOff& is_called_off) noexcept {
    const auto is_there = [&] { return has_results() || channel_.is_lost() || is_over(); };
    const bool had_to_wake = channel_.take_woken();
    const bool spins = !had_to_wake && !std::exchange(was_woken_for_nothing_, false) && channel_.may_spin();
    if (spins && sync::spin_until(is_there)) return;
    const sync::blocking_scope blocked(nullptr);
    const std::uint32_t own = channel_.own_wakes();
    shared_.of_receiver.prepare(channel_memory::somebody);
    if (!is_there() && !is_called_off()) {
      shared_.of_receiver.sleep(channel_memory::somebody, std::min(until, worker_channel::end_of_sleep()));
      was_woken_for_nothing_ = !is_there();
      const bool is_late = until != sync::no_deadline && clock::now() >= until;
      if (was_woken_for_nothing_ && !is_late && own == channel_.own_wakes()) count_empty_wake();
    }
    expect_nobody();
  }

  enum class received : std::uint8_t {
    nothing,
    result,
    streamed,   // it is not all there, and was left
    premature,  // its call is still being written: it was left, and who writes is to say so
    garbage,
  };

  /// The next result, of a call that was given and is not any more. Tells `owner` `end(call, has_value, error)`, where
  /// the call has taken its value or there is an error. Before one that is streamed it asks `begin(call)`, which says
  /// whether the result is wanted; then there may be `restore(call)` instead of an end, where there will be another
  /// result: the call is given again. Where the result is streamed and `may_wait` is not, it is left.
  template <class Owner>
  [[nodiscard]] received receive(bool may_wait, Owner& owner) {
    if (is_nuisance_) return received::garbage;
    if (!has_head_ && !try_read_head(results_, head_))
      return results_.is_broken() ? received::garbage : received::nothing;
    has_head_ = true;
    if (!is_sound(head_)) return received::garbage;
    if (head_.is_streamed != 0 && !may_wait) return received::streamed;
    if (setup_ != 0 && head_.sequence == setup_) return receive_setup(owner);
    remote_call* const call = given_.take(head_.sequence);
    if (call == nullptr) return given_.end_reading(), received::garbage;
    const bool is_premature = given_.is_being_written(head_.sequence);
    if (is_premature || call->sequence != head_.sequence) {
      given_.put_back(call->sequence, *call);
      return is_premature ? received::premature : received::garbage;
    }
    has_head_ = false;
    const received outcome = read_result(*call, head_.is_streamed == 0 || owner.begin(*call), owner);
    if (outcome == received::result && head_.is_streamed == 0) release_results();
    return outcome;
  }

 private:
  /// Who writes results piece by piece.
  struct writing_worker {
    result_receiver& from;
    void progressed() const noexcept { from.channel_.ring_worker(); }
    void wait() const { from.wait_for_rest(); }
  };

  using clock = empty_wakes::clock;
  static constexpr std::uint64_t most_ever = UINT64_MAX / 2;  // so that where it ends is a number
  static constexpr std::uint64_t max_failure = std::uint64_t{64} << 20U;

  void wait_for_rest() {
    const auto is_there = [&] { return results_.look(), results_.readable_bytes() != 0 || results_.is_broken(); };
    std::uint32_t own = channel_.own_wakes();
    const auto is_enough = [&] {
      const std::uint32_t before = std::exchange(own, channel_.own_wakes());
      return before == own ? count_empty_wake() : is_nuisance_;
    };
    waits_for_rest_.store(true, base::relaxed);
    channel_.wait(shared_.of_receiver, [&] { return is_there() || channel_.is_lost(); }, is_enough);
    waits_for_rest_.store(false, base::relaxed);
    if (results_.is_broken() || results_.readable_bytes() == 0) throw worker_is_lost();
  }

  /// Whether too often.
  bool count_empty_wake() noexcept {
    is_nuisance_ = is_nuisance_ || wakes_.is_one_too_many(results_.position(), clock::now());
    return is_nuisance_;
  }

  [[nodiscard]] bool is_sound(const message_head& head) noexcept {
    if (head.sequence <= last_result_ || head.is_streamed > 1) return false;
    if (head.what != message_head::kind::value && head.what != message_head::kind::failure) return false;
    if (head.is_streamed == 0) return is_whole(results_, head);
    return head.size <= (head.what == message_head::kind::value ? max_result_ : max_failure);
  }

  /// What the answer may take: what a call throws is not limited by what it may return.
  [[nodiscard]] std::uint64_t max_memory() const noexcept {
    return head_.what == message_head::kind::failure ? std::max(max_result_, max_failure) : max_result_;
  }

  /// The first answer, once.
  template <class Owner>
  received receive_setup(Owner& owner) {
    has_head_ = false;
    writing_worker peer{*this};
    message_source<writing_worker> source(results_, head_, max_memory(), peer);
    std::exception_ptr error;
    try {
      if (head_.what == message_head::kind::failure) error = decode_exception(source);
      if (!source.finish()) return received::garbage;
    } catch (...) {
      return received::garbage;
    }
    last_result_ = head_.sequence;
    release_results();
    owner.note_setup(error);
    return received::result;
  }

  template <class Owner>
  received read_result(remote_call& call, bool is_wanted, Owner& owner) {
    writing_worker peer{*this};
    message_source<writing_worker> source(results_, head_, max_memory(), peer);
    bool has_value = false;
    bool is_garbage = false;
    std::exception_ptr error;
    try {
      if (is_wanted && head_.what == message_head::kind::value) call.take_value(source), has_value = true;
      if (is_wanted && head_.what == message_head::kind::failure) error = decode_exception(source);
    } catch (const worker_is_lost&) {
      return give_back(call, owner), received::garbage;
    } catch (const malformed_message&) {
      error = std::current_exception();
      is_garbage = true;
    } catch (...) {
      error = std::current_exception();
    }
    try {
      if (!source.finish()) {
        // What comes instead is the error that its writer had.
        if (has_value) call.drop_value();
        return give_back(call, owner), received::result;
      }
    } catch (const worker_is_lost&) {
      if (has_value) call.drop_value();
      return give_back(call, owner), received::garbage;
    }
    last_result_ = head_.sequence;
    has_had_enough_ = has_had_enough_ || head_.module != 0;
    given_.end_reading();
    owner.end(call, has_value, error);
    return is_garbage ? received::garbage : received::result;
  }

  template <class Owner>
  void give_back(remote_call& call, Owner& owner) noexcept {
    owner.restore(call);
    given_.put_back(call.sequence, call);
  }

  /// The worker may wait for room: then the ring was half full, at least.
  void release_results() noexcept {
    results_.release();
    if (results_.position() - rung_ < channel_memory::often) return;
    rung_ = results_.position();
    channel_.ring_worker();
  }

  worker_channel& channel_;
  channel_memory& shared_;
  given_calls<remote_call>& given_;
  ring_reader results_;
  const std::uint64_t max_result_;
  task_slots::sequence setup_ = 0;
  message_head head_;
  bool has_head_ = false;
  bool has_had_enough_ = false;
  bool is_nuisance_ = false;  // it wakes who waits for nothing, all the time
  bool was_woken_for_nothing_ = false;
  empty_wakes wakes_;
  base::atomic<bool> waits_for_rest_{false};
  task_slots::sequence last_result_ = 0;
  std::uint64_t rung_ = 0;  // where it was when the worker was told of room last
};

}  // namespace heddle::process
