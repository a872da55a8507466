// SPDX-License-Identifier: MIT
// Waiting for several futures: wait(); and with it as_completed(), completion_set, when_all(), collect(), when_any().
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/as_completed.hpp>
#include <heddle/completion/wait_for_many.hpp>
#include <heddle/completion_set.hpp>
#include <heddle/errors.hpp>
#include <heddle/future.hpp>
#include <heddle/future_range.hpp>
#include <heddle/sync/deadline.hpp>
#include <heddle/sync/timeout.hpp>
#include <heddle/when_all.hpp>
#include <heddle/when_any.hpp>

namespace heddle {

/// When wait() returns. all_completed: when all are done. first_completed: when one is done, or was cancelled.
/// first_exception: when one has failed, or all are done; a cancellation is no failure.
enum class return_when { all_completed, first_completed, first_exception };
using enum return_when;

struct wait_options {
  /// How long to wait at most, from the call on; zero or less only looks, and without one it waits for ever.
  sync::timeout timeout = sync::no_timeout;
  heddle::return_when return_when = heddle::return_when::all_completed;
};

/// The futures that were done when wait() returned, and the others, each in the order of the range.
template <class F>
struct wait_result {
  future_refs<F> done;
  future_refs<F> not_done;
};

template <class F>
[[nodiscard]] std::vector<completion::state_base*> states_of(const std::vector<F*>& futures) {
  std::vector<completion::state_base*> states;
  states.reserve(futures.size());
  for (F* each : futures) states.push_back(&future_access::state_of(*each));
  return states;
}

/// Whether wait() may return.
template <class F>
[[nodiscard]] bool suffices(const std::vector<F*>& futures, return_when when) {
  std::size_t done = 0;
  for (F* each : futures) {
    const completion::phase current = future_access::state_of(*each).current();
    if (when == first_exception && current == completion::phase::error) return true;
    if (completion::is_terminal(current)) ++done;
  }
  return done == futures.size() || (when == first_completed && done != 0);
}

template <class F>
[[nodiscard]] wait_result<F> split_by_done(const std::vector<F*>& futures) {
  wait_result<F> split{future_refs<F>(futures.size()), future_refs<F>(futures.size())};
  for (F* each : futures) (each->done() ? split.done : split.not_done).push_back(*each);
  return split;
}

/// What wait() returns if it need not wait, of an array of futures: those have nothing in common, so one pass tells.
template <class F>
[[nodiscard]] std::optional<wait_result<F>> try_split(F* first, std::size_t size, return_when when) {
  std::unique_ptr<F*[]> not_done(new F*[size]);
  F** end_of_not_done = not_done.get();
  std::vector<F*> done;
  bool has_failed = false;
  for (F *at = first, *const end = first + size; at != end; ++at) {
    F* run = at;
    completion::phase current{};
    while (at != end && !completion::is_terminal(current = future_access::state_of(*at).current())) ++at;
    while (run != at) *end_of_not_done++ = run++;
    if (at == end) break;
    has_failed = has_failed || current == completion::phase::error;
    done.push_back(at);
  }
  const bool is_enough =
      done.size() == size || (when == first_completed && !done.empty()) || (when == first_exception && has_failed);
  if (!is_enough) return std::nullopt;
  return wait_result<F>{future_refs<F>(done), future_refs<F>(std::move(not_done), size - done.size())};
}

/// Some of `states` may be done, also since the caller has looked.
inline void wait_for_states(const std::vector<completion::state_base*>& states, return_when when,
                            sync::deadline until) {
  const bool may_run = until == sync::no_deadline;
  completion::claim_cursor cursor;
  switch (when) {
    case all_completed:
      return completion::wait_for_all::until(until, states);
    case first_completed:
      if (may_run && completion::try_end_one_of(states)) return;
      return completion::wait_for_one(until, states, nullptr, [](const completion::state_base&) { return true; });
    case first_exception:
      return completion::wait_for_one(
          until, states, may_run ? &cursor : nullptr,
          [](const completion::state_base& ended) { return ended.current() == completion::phase::error; });
  }
}

/// Waits for several futures, of whichever executors, until `options.return_when` says that it is enough, or the
/// timeout is over, which is no error. Python: concurrent.futures.wait.
///
/// Takes any range of futures or shared_futures, or of what points to some; where several elements share a result, the
/// first of them is meant. What it returns refers to the futures, which stay where they are. Any thread, also a worker:
/// without a timeout it runs there, as result() does, what is queued in the worker's own pool; where the first will do
/// one of them, and none while one runs, unless nobody else would run it. Throws invalid_state_error for a future
/// without state, and where it would block an event loop.
///
///     auto [done, not_done] = heddle::wait(downloads, {.timeout = 5s, .return_when = heddle::first_completed});
///     for (heddle::future<page>& each : done) show(each.result());
///     for (heddle::future<page>& each : not_done) each.cancel();
template <future_range R>
wait_result<future_in<R>> wait(R&& futures, const wait_options& options = {}) {
  static_assert(!temporary_futures<R>,
                "what wait() returns refers to the futures, and these would be gone by then: give their range a name");
  if (options.return_when < all_completed || options.return_when > first_exception) {
    throw std::invalid_argument(
        "return_when must be one of all_completed, first_completed and first_exception, and is another number");
  }
  const sync::deadline until = options.timeout.deadline();
  if constexpr (has_array_of_futures<R>) {
    const auto size = static_cast<std::size_t>(std::end(futures) - std::begin(futures));
    if (auto at_once = try_split(std::to_address(std::begin(futures)), size, options.return_when)) {
      return *std::move(at_once);
    }
  }
  const auto distinct = distinct_futures(futures);
  if (until != sync::no_wait && !suffices(distinct, options.return_when)) {
    throw_if_blocking_event_loop();
    wait_for_states(states_of(distinct), options.return_when, until);
  }
  return split_by_done(distinct);
}

/// For anything else: says what is wrong.
template <class R>
  requires std::is_class_v<std::remove_cvref_t<R>> && (!future_range<R>)
void wait(R&&, const wait_options& = {}) {
  static_assert(has_futures<R>);
}

}  // namespace heddle
