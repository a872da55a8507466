// SPDX-License-Identifier: MIT
// A thread waits for several states: for all of them, for the first one, or for the first error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <heddle/completion/completion_queue.hpp>
#include <heddle/completion/shared_state.hpp>
#include <heddle/completion/wait_awake.hpp>
#include <heddle/completion/waiter.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/this_thread.hpp>

namespace heddle::completion {

/// As what this thread may run the task here, if it is queued; null: it may not.
[[nodiscard]] inline sync::thread_context* context_for(const state_base& task) noexcept {
  sync::thread_context* const here = sync::current_context::get();
  return here == nullptr || task.home() == nullptr ? nullptr : here->at_home(task.home());
}

/// True if one of `awaited` is done: already, or since it was queued in this worker's own pool and has been run here.
/// That is not done while one runs elsewhere, which may be done sooner, and somebody replaces this thread if it sleeps.
[[nodiscard]] inline bool try_end_one_of(std::span<state_base* const> awaited) noexcept {
  bool one_runs = false;
  for (const state_base* each : awaited) {
    const phase found = each->current();
    if (is_terminal(found)) return true;
    one_runs = one_runs || found == phase::running;
  }
  for (state_base* each : awaited) {
    const sync::thread_context* const here = context_for(*each);
    if (here == nullptr || (one_runs && here->may_be_replaced())) continue;
    if (each->try_run_to_end()) return true;
  }
  return false;
}

/// For a thread that waits for one after the other of `entries`: runs here what is still queued in this worker's own
/// pool, the oldest first, unless one before it runs elsewhere in that pool. Looks at none twice that it cannot run,
/// but for those that wait for others and that nobody else would run.
class claim_cursor {
 public:
  /// True if it has run one.
  template <class Entries>
  [[nodiscard]] bool try_run_one(Entries& entries) noexcept {
    if (sync::current_context::get() == nullptr) return false;  // no worker, which could run any
    if (running_ != nullptr && running_->is_outstanding() && makes_wait(running_->state())) return false;
    add(first_waiting_);
    for (first_waiting_ = none; next_ < entries.size(); ++next_) {
      completion_queue::entry& each = entries[next_];
      if (!each.is_outstanding()) continue;
      if (makes_wait(each.state())) {
        running_ = &each;
        return false;
      }
      if (is_left_to_us(each.state()) && next_ < first_waiting_) first_waiting_ = next_;
      if (each.state().try_run_to_end()) return true;
    }
    return false;
  }

  /// There is a new one at `index`.
  void add(std::size_t index) noexcept {
    if (index < next_) next_ = index;
  }

 private:
  static constexpr std::size_t none = static_cast<std::size_t>(-1);

  static bool makes_wait(const state_base& seen) noexcept {
    const sync::thread_context* const here = context_for(seen);
    return here != nullptr && seen.current() == phase::running && here->may_be_replaced();
  }
  static bool is_left_to_us(const state_base& seen) noexcept {
    const sync::thread_context* const here = context_for(seen);
    return here != nullptr && seen.current() == phase::waiting && !here->may_be_replaced();
  }

  std::size_t next_ = 0;
  std::size_t first_waiting_ = none;
  const completion_queue::entry* running_ = nullptr;  // the one that was seen last
};

/// Waits until every one of `awaited` is done, or the deadline comes. As state_base::wait_until(), without a deadline
/// it first runs here what is queued in this worker's own pool. One count is told by all of them, so it wakes once.
class wait_for_all {
 public:
  static void until(sync::deadline latest, std::span<state_base* const> awaited) {
    if (latest == sync::no_wait) return;
    if (latest == sync::no_deadline) run_queued(awaited);
    wait_for_all waiting(awaited);
    if (!waiting.sleeper_.was_told()) waiting.spin_or_sleep(latest);
  }

 private:
  static void run_queued(std::span<state_base* const> awaited) noexcept {
    for (bool may_find_more = true; may_find_more;) {
      bool has_run_one = false;
      bool one_waits = false;
      for (state_base* each : awaited) {
        const phase found = each->current();
        one_waits = one_waits || found == phase::waiting;
        has_run_one = (found == phase::pending && each->try_run_to_end()) || has_run_one;
      }
      may_find_more = has_run_one && one_waits;
    }
  }

  explicit wait_for_all(std::span<state_base* const> awaited)
      : awaited_(awaited), sleeper_(static_cast<std::uint32_t>(awaited.size())), nodes_(awaited.size()) {
    std::uint32_t done = 0;
    for (std::size_t i = 0; i < awaited_.size(); ++i) {
      nodes_[i].sleeper = &sleeper_;
      if (!awaited_[i]->try_add(nodes_[i])) ++done;
    }
    sleeper_.forget(done);
  }

  void spin_or_sleep(sync::deadline latest) {
    const bool told = wait_awake_then_asleep(
        latest, [this] { return sleeper_.was_told(); },
        [this](sync::deadline until) {
          const sync::blocking_scope blocked{nullptr};
          return sleeper_.wait_until(until);
        });
    if (told) return;
    std::uint32_t taken_back = 0;
    for (std::size_t i = 0; i < awaited_.size(); ++i) {
      if (awaited_[i]->try_remove(nodes_[i])) ++taken_back;
    }
    sleeper_.forget(taken_back);
    sleeper_.wait_until(sync::no_deadline);  // for those that are about to be told
  }

  struct node : waiter {
    node() noexcept
        : waiter(kind::blocked_thread, [](waiter& self) noexcept { static_cast<node&>(self).sleeper->count_down(); }) {}
    blocked_thread* sleeper = nullptr;
  };

  std::span<state_base* const> awaited_;
  blocked_thread sleeper_;
  std::vector<node> nodes_;
};

/// Waits until `suffices(state)` of one of `awaited` that is done, or all are done, or the deadline comes. Runs here
/// meanwhile, by `cursor`, what is queued in this worker's own pool, if there is one.
template <class Suffices>
void wait_for_one(sync::deadline latest, std::span<state_base* const> awaited, claim_cursor* cursor,
                  const Suffices& suffices) {
  completion_queue arrivals;
  std::vector<completion_queue::entry> entries(awaited.size());
  bool found = false;
  for (std::size_t i = 0; i < awaited.size() && !found; ++i) {
    if (!arrivals.try_watch(entries[i], *awaited[i])) found = suffices(*awaited[i]);
  }
  while (!found && arrivals.outstanding() != 0) {
    const bool has_run_one = cursor != nullptr && cursor->try_run_one(entries);
    if (!has_run_one && !arrivals.wait_until(latest)) break;
    for (auto* each = arrivals.take_arrived(); each != nullptr; each = each->later()) {
      found = found || suffices(each->state());
    }
  }
  for (auto& each : entries) arrivals.try_unwatch(each);
  arrivals.take_outstanding();
}

}  // namespace heddle::completion
