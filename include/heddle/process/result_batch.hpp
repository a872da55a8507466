// SPDX-License-Identifier: MIT
// Results of one worker that were read together.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <utility>

#include <heddle/process/pool_state.hpp>
#include <heddle/process/pool_worker.hpp>
#include <heddle/process/remote_call.hpp>

namespace heddle::process {

/// Ends the calls of one worker whose results are read, and says so to the pool: several at a time, since each takes
/// the pool's lock. One thread.
class result_batch {
 public:
  result_batch(pool_state& pool, pool_worker& from) noexcept : pool_(pool), from_(from) {}
  result_batch(const result_batch&) = delete;
  result_batch& operator=(const result_batch&) = delete;

  // For result_receiver::receive().

  /// Whether its result, which may take long to read, is wanted.
  bool begin(remote_call& call) noexcept {
    const std::lock_guard lock(pool_.mutex);
    note_answered(call);
    from_.is_read = true;
    return !call.is_cancelled;
  }

  /// It was read: a value, or an error. It ends with flush().
  void end(remote_call& call, bool has_value, const std::exception_ptr& error) noexcept {
    read_[count_++] = &call;
    if (!has_value) {
      last_has_value_ = false;
      failure_ = error;
    }
    if (!has_value || count_ == read_.size()) flush();
  }

  /// There will be another result, or none.
  void restore(remote_call& call) noexcept {
    const std::lock_guard lock(pool_.mutex);
    call.where = remote_call::place::given;
    ++from_.outstanding;
    --from_.answered;
    from_.is_read = false;
    from_.read_limit.stop();
    if (call.is_cancelled) pool_.kill_unless_answered(from_, call);
  }

  /// The worker has done what it is to do first; null if it has not failed.
  void note_setup(const std::exception_ptr& error) noexcept {
    is_set_up_ = true;
    failed_setup_ = error;
  }

  /// Ends the calls whose results were read. The last one may have none, but an error.
  void flush() noexcept {
    if (count_ == 0) return;
    const std::uint32_t lost = claim_all();
    for (std::size_t each = 0; each != count_; ++each) {
      remote_call& call = *read_[each];
      const bool has_value = each + 1 != count_ || last_has_value_;
      if ((lost >> each & 1U) != 0) {
        if (has_value) call.drop_value();
        leave(call);
      } else if (has_value ? call.end_with_value() : call.end_with(std::exchange(failure_, nullptr))) {
        to_tell_.push_back(call);
      } else {
        ++finished_;
      }
    }
    last_has_value_ = true;
    failure_ = nullptr;
    done_ += std::exchange(count_, 0);
  }

  /// Whether there is nothing to account for.
  [[nodiscard]] bool is_empty() const noexcept { return done_ == 0 && !is_set_up_; }

  /// After flush(), as often as one likes. The lock is the pool's.
  void account() noexcept {
    if (failed_setup_ != nullptr) pool_.break_down(make_broken(std::exchange(failed_setup_, nullptr)));
    from_.has_had_enough = from_.receiver.has_had_enough();
    if (std::exchange(is_set_up_, false)) {
      from_.is_set_up = true;
      if (!from_.is_leaving) from_.limit.stop();
      pool_.start_clock(from_);
    }
    if (done_ != 0) {
      const bool starves = from_.outstanding == 0 && !pool_.waiting.empty();
      from_.note_done(done_, pool_worker::clock::now(), starves);
      pool_.workers.note_success();
    }
    pool_.done += std::exchange(done_, 0);
    bool tells = false;
    while (remote_call* const call = to_tell_.try_pop_front()) {
      pool_.to_tell.push_back(*call);
      tells = true;
    }
    if (tells) pool_.box.kick();
    pool_.note_finished(std::exchange(finished_, 0));
  }

 private:
  /// The worker does not have it any more. The lock is the pool's.
  void note_answered(remote_call& call) noexcept {
    if (call.where == remote_call::place::sending) from_.sent.remove(call);
    call.where = remote_call::place::reading;
    --from_.outstanding;
    ++from_.answered;
    if (from_.outstanding == 0) pool_.workers.note_idle(from_);
    pool_state::forget_victim(from_, call);
  }

  /// Returns which of them somebody has cancelled.
  [[nodiscard]] std::uint32_t claim_all() noexcept {
    const std::lock_guard lock(pool_.mutex);
    std::uint32_t lost = 0;
    from_.is_read = false;
    from_.read_limit.stop();
    for (std::size_t each = 0; each != count_; ++each) {
      remote_call& call = *read_[each];
      if (call.where != remote_call::place::reading) note_answered(call);
      pool_.stop_clock(from_, call);
      if (call.try_claim()) {
        call.where = remote_call::place::nowhere;
      } else {
        lost |= 1U << each;
      }
    }
    return lost;
  }

  /// Somebody has cancelled it.
  void leave(remote_call& call) noexcept {
    const std::lock_guard lock(pool_.mutex);
    call.where = remote_call::place::returned;
    from_.read_limit.stop();                  // which that has started, if it was being read
    if (call.is_cancelled) pool_.drop(call);  // else its canceller is about to say so
  }

  [[nodiscard]] std::exception_ptr make_broken(const std::exception_ptr& inside) const noexcept {
    return pool_.settings.make_broken(
        "an initializer of this pool of processes threw, so it takes no work; what was thrown is nested inside",
        inside);
  }

  static constexpr std::size_t most_at_once = 32;  // as many as claim_all() has bits for

  pool_state& pool_;
  pool_worker& from_;
  bool is_set_up_ = false;
  std::exception_ptr failed_setup_;
  std::array<remote_call*, most_at_once> read_;  // that have not ended
  std::size_t count_ = 0;                        // of these
  bool last_has_value_ = true;
  std::exception_ptr failure_;  // of the last one
  call_list to_tell_;
  std::size_t done_ = 0;
  std::size_t finished_ = 0;
};

}  // namespace heddle::process
