// SPDX-License-Identifier: MIT
// How urgent calls are, and an executor that gives all its calls the same priority.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <type_traits>
#include <utility>

#include <heddle/executor.hpp>
#include <heddle/submit_after.hpp>
#include <heddle/sync/deadline.hpp>

namespace heddle {

/// In which order calls that wait begin: `high` before all others, `background` when there is nothing else to do, no
/// loop to help with either. Nothing starves: while more urgent calls keep coming, every 64th at least that a worker
/// takes is of a less urgent kind that waits. A call that runs is not interrupted, so urgent ones wait as long as the
/// calls that run take, on a pool all of whose workers are busy.
enum class priority { high, normal, background };

/// An executor whose calls have a priority on `Pool`: what `pool.with(priority)` returns. A pointer and a number, to be
/// copied, kept or used at once, as long as the pool lives; any thread may use it, several the same one too.
///
///     pool.with(heddle::priority::high).submit(answer, request);
///     auto background = pool.with(heddle::priority::background);
///     heddle::parallel_for_each(background, photos, make_thumbnail);
///
/// Its members and the functions of heddle that take it as their executor do what they do on the pool; normal priority
/// makes no difference. Calls of another one are first in, first out among themselves, also those that a worker
/// submits. In a parallel loop it is the priority of those who help: the caller itself begins at once. They are asked
/// by a call for each worker, so this is for loops that take longer than some ten microseconds.
///
/// Who waits for a call of its own pool runs it as always, out of turn: it is then as urgent as what waits.
template <class Pool>
class prioritized : public map_members<const prioritized<Pool>> {
 public:
  constexpr prioritized(Pool& pool, priority level) noexcept : pool_(&pool), level_(level) {}

  template <class F, class... Args>
    requires completion::callable_with<std::decay_t<F>, std::decay_t<Args>...>
  auto submit(F&& callable, Args&&... args) const {
    return pool_->submit_at(level_, std::forward<F>(callable), std::forward<Args>(args)...);
  }

  template <class F, class... Args>
    requires completion::needs_ref<F, Args...>
  auto submit(F&&, Args&&...) const {
    return refuse_copies<F, Args...>();
  }

  template <class F>
    requires std::invocable<std::decay_t<F>>
  void post(F&& callable) const {
    pool_->post_at(level_, std::forward<F>(callable));
  }

  template <class F, mappable_range... Rs>
  [[nodiscard]] auto submit_bulk(F&& callable, Rs&&... ranges) const {
    return pool_->submit_bulk_at(level_, std::forward<F>(callable), ranges...);
  }

  template <class F, mappable_range... Rs>
  void post_bulk(F&& callable, Rs&&... ranges) const {
    pool_->post_bulk_at(level_, std::forward<F>(callable), ranges...);
  }

  template <class... Args>
    requires is_after_futures<Args...>
  auto submit_after(Args&&... after_and_callable) const {
    return heddle::submit_after(*this, std::forward<Args>(after_and_callable)...);
  }

  template <class Rep, class Period, class F, class... Args>
    requires completion::callable_with<std::decay_t<F>, std::decay_t<Args>...>
  auto submit_after(const std::chrono::duration<Rep, Period>& delay, F&& callable, Args&&... args) const {
    static_assert(completion::storable<F, Args...>);
    return pool_->submit_at_time(level_, sync::deadline_after(delay), std::forward<F>(callable),
                                 std::forward<Args>(args)...);
  }

  template <class Rep, class Period, class F>
    requires std::invocable<std::decay_t<F>&>
  [[nodiscard]] future<void> every(const std::chrono::duration<Rep, Period>& period, F&& callable) const {
    return pool_->call_every(level_, period, std::forward<F>(callable));
  }

  [[nodiscard]] std::size_t max_workers() const noexcept { return pool_->max_workers(); }

  [[nodiscard]] constexpr Pool& pool() const noexcept { return *pool_; }
  [[nodiscard]] constexpr priority level() const noexcept { return level_; }

  /// Whether it is the same pool and the same priority.
  [[nodiscard]] constexpr bool operator==(const prioritized&) const noexcept = default;

 private:
  Pool* pool_;
  priority level_;
};

}  // namespace heddle
