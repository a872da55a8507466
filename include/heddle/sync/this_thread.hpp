// SPDX-License-Identifier: MIT
// What the calling thread is to heddle, for code that is about to block and must not know pools or event loops.
#pragma once

#include <utility>

#include <heddle/base/atomic.hpp>

namespace heddle::queue {
class job;
class job_home;
}  // namespace heddle::queue

namespace heddle::sync {

/// Installed by a worker or an event loop for as long as the thread is one; all calls come from that thread.
class thread_context {
 public:
  /// `under` is the thread's context before this one, where that stays what it was.
  explicit thread_context(const queue::job_home* home, thread_context* under = nullptr) noexcept
      : home_(home), under_(under) {}
  thread_context(const thread_context&) = delete;
  thread_context& operator=(const thread_context&) = delete;

  /// The identity of the pool whose queued jobs this thread may claim and run where it would wait for them; null: of
  /// none.
  [[nodiscard]] const queue::job_home* home() const noexcept { return home_; }

  /// This context or the next one under it whose home that is, as which the thread may claim its jobs; null: none.
  [[nodiscard]] thread_context* at_home(const queue::job_home* asked) noexcept {
    thread_context* each = this;
    while (each != nullptr && each->home_ != asked) each = each->under_;
    return each;
  }

  /// True where blocking is misuse because other work of this thread would stand still: in a coroutine of an event
  /// loop, but not in a job that the loop's thread runs meanwhile (blocking_allowed).
  [[nodiscard]] virtual bool forbids_blocking() const noexcept { return false; }

  /// For blocking_scope: the thread goes to sleep until `awaited` (null: something that is not a job) is done, or is in
  /// such a scope already.
  void begin_block(const queue::job* awaited) noexcept {
    if (blocks_++ == 0) about_to_block(awaited);
  }
  void end_block() noexcept {
    if (--blocks_ == 0) resumed();
  }

  /// False if nobody else runs what is queued in the thread's home while it sleeps.
  [[nodiscard]] virtual bool may_be_replaced() const noexcept { return true; }

  /// True if so little of the thread's stack is left that a job which it waits for had better run on another one.
  [[nodiscard]] virtual bool is_deep() noexcept { return false; }

  /// Runs `run(argument)` on the stack of another thread of the same home, some time soon; false if there is none. The
  /// caller waits for its end, and no more of the home's work runs meanwhile than if it ran here.
  virtual bool try_run_on_other_stack(void (*)(void*) noexcept, void*) noexcept { return false; }

  /// A job of this thread's home, which the thread has claimed and is about to run, need not stay in a queue, if this
  /// thread can take it out of there at once. True if it did; else a tombstone is left.
  virtual bool try_withdraw(const queue::job&) noexcept { return false; }

  /// For blocking_allowed: the thread works meanwhile, in whatever scopes it is; end_job() gets what begin_job()
  /// returned.
  [[nodiscard]] unsigned begin_job() noexcept {
    ++jobs_;
    const unsigned blocks = std::exchange(blocks_, 0);
    if (blocks != 0) resumed();
    return blocks;
  }
  void end_job(unsigned blocks) noexcept {
    --jobs_;
    blocks_ = blocks;
    if (blocks != 0) about_to_block(nullptr);
  }

 protected:
  ~thread_context() = default;

  /// The thread sleeps until it calls resumed(), as far as anybody else is concerned.
  virtual void about_to_block(const queue::job* awaited) noexcept = 0;
  virtual void resumed() noexcept = 0;

  [[nodiscard]] bool runs_job() const noexcept { return jobs_ != 0; }
  [[nodiscard]] thread_context* under() const noexcept { return under_; }

 private:
  const queue::job_home* home_;
  thread_context* under_;
  unsigned jobs_ = 0;
  unsigned blocks_ = 0;
};

struct context_tag;
using current_context = base::per_thread_pointer<thread_context, context_tag>;

/// Makes `context` the thread's own for a scope.
class scoped_context {
 public:
  explicit scoped_context(thread_context& context) noexcept : outer_(current_context::get()) {
    current_context::set(&context);
  }
  ~scoped_context() { current_context::set(outer_); }
  scoped_context(const scoped_context&) = delete;
  scoped_context& operator=(const scoped_context&) = delete;

 private:
  thread_context* outer_;
};

/// Around jobs and loop bodies that a thread runs which could as well run in another one: they may block here too,
/// since whether they do must not depend on which thread got them.
class blocking_allowed {
 public:
  blocking_allowed() noexcept : context_(current_context::get()) {
    if (context_ != nullptr) blocks_ = context_->begin_job();
  }
  ~blocking_allowed() {
    if (context_ != nullptr) context_->end_job(blocks_);
  }
  blocking_allowed(const blocking_allowed&) = delete;
  blocking_allowed& operator=(const blocking_allowed&) = delete;

 private:
  thread_context* context_;
  unsigned blocks_ = 0;
};

/// Tells the thread's context, if it has one, that the thread sleeps in this scope.
class blocking_scope {
 public:
  explicit blocking_scope(const queue::job* awaited) noexcept : context_(current_context::get()) {
    if (context_ != nullptr) context_->begin_block(awaited);
  }
  ~blocking_scope() {
    if (context_ != nullptr) context_->end_block();
  }
  blocking_scope(const blocking_scope&) = delete;
  blocking_scope& operator=(const blocking_scope&) = delete;

 private:
  thread_context* context_;
};

}  // namespace heddle::sync
