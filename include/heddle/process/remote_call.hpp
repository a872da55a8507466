// SPDX-License-Identifier: MIT
// One call for a worker process as the pool sees it that has it.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>

#include <heddle/process/byte_sink.hpp>
#include <heddle/process/byte_source.hpp>
#include <heddle/process/callable_id.hpp>
#include <heddle/sync/deadline.hpp>

namespace heddle::process {

struct pool_worker;
class remote_call;

/// What the pool notes of a call, under its lock, but that who sends it writes `sequence`.
struct call_notes {
  enum class place : std::uint8_t {
    nowhere,
    queued,    // in the pool's queue
    sending,   // somebody writes it to `worker`
    given,     // a worker has it
    reading,   // somebody reads what became of it
    returned,  // it is in no list: whoever has it ends it, or its canceller is to say so
  };

  explicit call_notes(std::chrono::nanoseconds longest) noexcept : time_limit(longest) {}

  /// Whether a worker gets it only when it has nothing else.
  [[nodiscard]] bool wants_worker_alone() const noexcept { return is_large || time_limit.count() != 0; }

  remote_call* before = nullptr;  // in a list
  remote_call* after = nullptr;
  pool_worker* worker = nullptr;
  std::uint64_t sequence = 0;
  const std::chrono::nanoseconds time_limit;  // of a run; zero: none
  unsigned starts = 0;                        // how many workers have died of it
  place where = place::nowhere;
  bool is_large = false;      // it fits only into a ring that is empty
  bool is_cancelled = false;  // its canceller has said so
};

/// What it is, the pool does not know. The pool has it from submit() on, until it has called one of its `end` functions
/// or drop(), and then tell() if that was asked for; afterwards it may be gone.
class remote_call : public call_notes {
 public:
  remote_call(const remote_call&) = delete;
  remote_call& operator=(const remote_call&) = delete;

  /// The worker_function that a worker is to call.
  [[nodiscard]] virtual const callable_id& function() const = 0;
  /// Writes the arguments. As often as it is asked; what it throws is the result of the call.
  virtual void encode(byte_sink& sink) const = 0;

  /// False if somebody has cancelled it, who says so to the pool; else nobody can any more.
  [[nodiscard]] virtual bool try_claim() noexcept = 0;

  /// Reads what the call has returned. If it throws, nothing was read.
  virtual void take_value(byte_source& source) = 0;
  /// What was read is not the result after all.
  virtual void drop_value() noexcept = 0;

  /// End it, once it is claimed: with the value that was read, or an error, or as cancelled. True if somebody is to be
  /// told in another thread: by tell().
  [[nodiscard]] virtual bool end_with_value() noexcept = 0;
  [[nodiscard]] virtual bool end_with(std::exception_ptr error) noexcept = 0;
  [[nodiscard]] virtual bool end_cancelled() noexcept = 0;
  virtual void tell() noexcept = 0;
  /// What it fails with where its time limit was over.
  [[nodiscard]] virtual std::exception_ptr make_timeout() const noexcept = 0;

  /// The pool has nothing more to do with it, which somebody has cancelled.
  virtual void drop() noexcept = 0;
  /// The pool has not taken it.
  void turn_away() noexcept {
    if (try_claim()) static_cast<void>(end_cancelled());
  }

 protected:
  using call_notes::call_notes;
  ~remote_call() = default;
};

/// What each worker does before its first call.
class worker_setup {
 public:
  virtual ~worker_setup() = default;
  /// The worker_function that it is to call.
  [[nodiscard]] virtual const callable_id& function() const = 0;
  virtual void encode(byte_sink& sink) const = 0;

 protected:
  worker_setup() = default;
};

/// Calls in a row; a call is in one list at most. Whoever has the pool's lock, or the list alone.
class call_list {
 public:
  [[nodiscard]] bool empty() const noexcept { return first_ == nullptr; }
  [[nodiscard]] remote_call* first() const noexcept { return first_; }
  [[nodiscard]] static remote_call* after(const remote_call& of) noexcept { return of.after; }

  void push_back(remote_call& added) noexcept { insert(added, last_, nullptr); }
  void push_front(remote_call& added) noexcept { insert(added, nullptr, first_); }

  void remove(remote_call& removed) noexcept {
    (removed.before == nullptr ? first_ : removed.before->after) = removed.after;
    (removed.after == nullptr ? last_ : removed.after->before) = removed.before;
    removed.before = removed.after = nullptr;
  }

  [[nodiscard]] remote_call* try_pop_front() noexcept {
    remote_call* const popped = first_;
    if (popped != nullptr) remove(*popped);
    return popped;
  }

 private:
  void insert(remote_call& added, remote_call* before, remote_call* after) noexcept {
    added.before = before;
    added.after = after;
    (before == nullptr ? first_ : before->after) = &added;
    (after == nullptr ? last_ : after->before) = &added;
  }

  remote_call* first_ = nullptr;
  remote_call* last_ = nullptr;
};

}  // namespace heddle::process
