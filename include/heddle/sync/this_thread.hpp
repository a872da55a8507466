// SPDX-License-Identifier: MIT
// What the calling thread is to heddle, for code that is about to block and must not know pools or event loops.
#pragma once

#include <heddle/base/atomic.hpp>

namespace heddle::queue {
class job;
}

namespace heddle::sync {

/// Installed by a worker or an event loop for as long as the thread is one; all calls come from that thread.
class thread_context {
 public:
  explicit thread_context(const void* home) noexcept : home_(home) {}
  thread_context(const thread_context&) = delete;
  thread_context& operator=(const thread_context&) = delete;

  /// The identity of the pool whose queued jobs this thread may claim and run where it would wait for them; null: of
  /// none.
  [[nodiscard]] const void* home() const noexcept { return home_; }

  /// True where blocking is misuse because other work of this thread would stand still: an event loop.
  [[nodiscard]] virtual bool forbids_blocking() const noexcept { return false; }

  /// The thread goes to sleep until `awaited` (null: something that is not a job) is done, and then calls resumed().
  virtual void about_to_block(const queue::job* awaited) noexcept = 0;
  virtual void resumed() noexcept = 0;

 protected:
  ~thread_context() = default;

 private:
  const void* home_;
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

/// Tells the thread's context, if it has one, that the thread sleeps in this scope.
class blocking_scope {
 public:
  explicit blocking_scope(const queue::job* awaited) noexcept : context_(current_context::get()) {
    if (context_ != nullptr) context_->about_to_block(awaited);
  }
  ~blocking_scope() {
    if (context_ != nullptr) context_->resumed();
  }
  blocking_scope(const blocking_scope&) = delete;
  blocking_scope& operator=(const blocking_scope&) = delete;

 private:
  thread_context* context_;
};

}  // namespace heddle::sync
