// SPDX-License-Identifier: MIT
// Values that belong to what a thread does at the moment, and to what it starts.
#pragma once

#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/shared_value.hpp>

namespace heddle::base {

/// A list of bindings of keys to values, which is never changed: a scope puts one more in front, for its thread.
/// Whoever keeps a copy keeps all of it.
class task_context {
 public:
  task_context() noexcept = default;

  /// `value`, which `destroy` destroys, for `key`, and else what holds in this thread now.
  task_context(const void* key, void* value, void (*destroy)(void*))
      : newest_(std::in_place, key, value, destroy, of_this_thread()) {}

  /// What holds in this thread now.
  [[nodiscard]] static task_context of_this_thread() noexcept {
    const task_context* const here = current::get();
    return here != nullptr ? *here : task_context();
  }

  /// Whether nothing is bound in this thread: one load.
  [[nodiscard]] static bool is_empty_here() noexcept { return current::get() == nullptr; }

  /// What is bound to `key` in this thread; null if nothing is.
  [[nodiscard]] static void* find(const void* key) noexcept;

  /// Makes a context that of this thread, as long as both are there.
  class scope {
   public:
    explicit scope(const task_context& held) noexcept : before_(current::get()) { current::set(&held); }
    ~scope() { current::set(before_); }
    scope(const scope&) = delete;
    scope& operator=(const scope&) = delete;

   private:
    const task_context* before_;
  };

  /// Nothing is bound in this thread, as long as this is there: around what it runs for others.
  class empty_scope {
   public:
    empty_scope() noexcept : before_(current::get()) {
      if (before_ != nullptr) current::set(nullptr);
    }
    ~empty_scope() {
      if (before_ != nullptr) current::set(before_);
    }
    empty_scope(const empty_scope&) = delete;
    empty_scope& operator=(const empty_scope&) = delete;

   private:
    const task_context* before_;
  };

 private:
  using current = per_thread_pointer<const task_context, task_context>;

  struct binding;
  shared_value<binding> newest_;
};

struct task_context::binding {
  binding(const void* its_key, void* its_value, void (*its_destroy)(void*), task_context its_outer) noexcept
      : key(its_key), value(its_value), destroy(its_destroy), outer(std::move(its_outer)) {}
  binding(const binding&) = delete;
  binding& operator=(const binding&) = delete;
  ~binding() { destroy(value); }

  const void* key;
  void* value;
  void (*destroy)(void*);
  task_context outer;
};

inline void* task_context::find(const void* key) noexcept {
  for (const task_context* each = current::get(); each != nullptr && each->newest_.has_value();
       each = &each->newest_->outer) {
    if (each->newest_->key == key) return each->newest_->value;
  }
  return nullptr;
}

}  // namespace heddle::base
