// SPDX-License-Identifier: MIT
// One future for several: what when_all(), when_any() and collect() are made of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/base/atomic.hpp>
#include <heddle/completion/queued_state.hpp>
#include <heddle/completion/waiter.hpp>
#include <heddle/future.hpp>
#include <heddle/future_range.hpp>
#include <heddle/shared_future.hpp>

namespace heddle {

/// `visit(index, future)` for each of a vector or a tuple of futures.
template <class Futures, class Visit>
void for_each_future(Futures& futures, const Visit& visit) {
  std::size_t index = 0;
  if constexpr (requires { futures.size(); }) {
    for (auto& each : futures) visit(index++, each);
  } else {
    std::apply([&](auto&... each) { (visit(index++, each), ...); }, futures);
  }
}

template <class Futures>
[[nodiscard]] std::size_t number_of_futures(const Futures& futures) noexcept {
  if constexpr (requires { futures.size(); }) {
    return futures.size();
  } else {
    return std::tuple_size_v<Futures>;
  }
}

/// The futures of a range that is given away, or copies of shared ones. Throws if one has no state, and takes none
/// then, unless the range can be read only once.
template <class R>
[[nodiscard]] auto take_futures(R&& range) {
  constexpr bool is_read_twice = std::forward_iterator<decltype(std::begin(range))>;
  if constexpr (is_read_twice) {
    for (auto at = std::begin(range); at != std::end(range); ++at) {
      static_cast<void>(future_access::state_of(*future_of_element(*at)));
    }
  }
  using F = std::remove_const_t<future_in<R>>;
  constexpr bool is_given_away = !std::is_lvalue_reference_v<R> && !std::is_const_v<future_in<R>>;
  static_assert(
      is_given_away || std::is_copy_constructible_v<F>,
      "when_all(), when_any() and collect() take the futures over: write std::move(futures), or share() them");
  if constexpr (std::is_same_v<R, std::vector<F>>) {
    return std::forward<R>(range);
  } else {
    std::vector<F> taken;
    for (auto at = std::begin(range); at != std::end(range); ++at) {
      auto* const each = future_of_element(*at);
      if constexpr (!is_read_twice) static_cast<void>(future_access::state_of(*each));
      if constexpr (is_given_away) {
        taken.push_back(std::move(*each));
      } else {
        taken.push_back(*each);
      }
    }
    return taken;
  }
}

template <class... Fs>
[[nodiscard]] auto take_future_pack(Fs&&... futures) {
  static_assert(((!std::is_lvalue_reference_v<Fs> || std::is_copy_constructible_v<std::remove_cvref_t<Fs>>) && ...),
                "when_all(), when_any() and collect() take the futures over: write std::move(f), or share() it");
  (static_cast<void>(future_access::state_of(futures)), ...);
  return std::tuple<std::remove_cvref_t<Fs>...>(std::forward<Fs>(futures)...);
}

/// A state that waits for the futures that it owns, a vector or a tuple. `Rule` says which end of one is the end of
/// all, `ends_early(index, phase)`, and then asks the others to stop; and it makes the result: `result(futures,
/// index)`, of all or of the one that ended it early. If that was a failure, and the rule `passes_failures`, it is
/// passed on instead.
///
/// Its queue are its nodes in the lists of those that it waits for: it leaves when the last one was told. Cancelling it
/// asks all of them to stop.
///
/// `early_` is written by who is told first of an end that decides, and by start(), until which nobody may act on it:
/// the futures must stay while start() registers with them.
template <class Rule, class Futures>
class joined_state final
    : public completion::queued_state<joined_state<Rule, Futures>, typename Rule::template result_type<Futures>> {
  using phase = completion::phase;
  using result_type = typename Rule::template result_type<Futures>;
  using base_type = completion::queued_state<joined_state, result_type>;
  friend base_type;

 public:
  explicit joined_state(Futures&& futures)
      : base_type(nullptr, completion::state_word::queued::yes),
        nodes_(number_of_futures(futures)),
        untold_(static_cast<std::uint32_t>(nodes_.size()) + 1),
        futures_(std::move(futures)) {}

  /// To be called once, when somebody holds the handle. The state may be gone afterwards.
  void start() noexcept {
    std::uint32_t told = 1;
    for_each_future(futures_, [&](std::size_t index, auto& each) {
      node& watching = nodes_[index];
      watching.owner = this;
      watching.awaited = &future_access::state_of(each);
      // relaxed: a hint.
      if (early_.load(base::relaxed) == registering && watching.awaited->try_add(watching)) return;
      ++told;
      if (watching.awaited->done()) note_end(watching);
    });
    std::uint32_t found = registering;
    // [joined_futures.1] release: who is told of an early end later takes the futures. acquire: of one that was found
    //   this thread acts on.
    if (!early_.compare_exchange_strong(found, registered, base::release, base::acquire)) end_early(found);
    count_down(told);
  }

 private:
  static constexpr std::uint32_t registering = UINT32_MAX;
  static constexpr std::uint32_t registered = UINT32_MAX - 1;

  struct node : completion::waiter {
    node() noexcept : waiter(kind::continuation, &tell) {}
    joined_state* owner = nullptr;
    completion::state_base* awaited = nullptr;
  };

  ~joined_state() {}  // futures_ is gone by then

  static void tell(completion::waiter& self) noexcept {
    auto& told = static_cast<node&>(self);
    joined_state& owner = *told.owner;
    owner.note_end(told);
    owner.count_down(1);
  }

  void note_end(const node& told) noexcept {
    const auto index = static_cast<std::uint32_t>(&told - nodes_.data());
    if (!Rule::ends_early(index, told.awaited->current())) return;
    std::uint32_t found = early_.load(base::relaxed);  // relaxed: only compared with
    while (found >= registered) {
      // [joined_futures.1] acq_rel: see start().
      if (!early_.compare_exchange_weak(found, index, base::acq_rel, base::relaxed)) continue;
      if (found == registered) end_early(index);
      return;
    }
  }

  void end_early(std::uint32_t decisive) noexcept {
    if (this->word_.try_claim(phase::running) != phase::pending) return;
    for_each_future(futures_, [&](std::size_t index, auto& each) {
      if (index != decisive) each.request_stop();
    });
    if constexpr (Rule::passes_failures) {
      completion::state_base& ended = *nodes_[decisive].awaited;
      if (ended.current() == phase::cancelled) return this->end(phase::cancelled);
      if (ended.current() == phase::error) return this->end_with(ended.failure());
    }
    this->end_with_result_of([&]() -> result_type { return Rule::result(futures_, decisive); });
  }

  void count_down(std::uint32_t by) noexcept {
    // [joined_futures.2] acq_rel: the last one sees how all ended, and nobody else touches this any more; both ends
    //   are this line: [joined_futures.2].
    if (untold_.fetch_sub(by, base::acq_rel) != by) return;
    switch (this->word_.leave_queue(phase::running)) {
      case completion::state_word::dequeue_result::claimed:
        return this->end_with_result_of([&]() -> result_type { return Rule::result(futures_, nodes_.size()); });
      case completion::state_word::dequeue_result::taken:
        return;
      case completion::state_word::dequeue_result::free:
        delete this;
    }
  }

  void execute() noexcept {}  // no queue of jobs has it
  void destroy_call() noexcept { futures_.~Futures(); }
  static bool stop() noexcept { return false; }
  completion::state_base* give_away() noexcept {
    for_each_future(futures_, [](std::size_t, auto& each) { each.request_stop(); });
    return nullptr;
  }

  std::vector<node> nodes_;
  base::atomic<std::uint32_t> untold_;
  base::atomic<std::uint32_t> early_{registering};
  union {  // a union, so that its destruction is ours to time
    Futures futures_;
  };
};

/// The future of several, by a rule. Each has a state: take_futures() and take_future_pack() have seen to that.
template <class Rule, class Futures>
[[nodiscard]] auto join_futures(Futures&& futures) {
  auto* const made = new joined_state<Rule, Futures>(std::forward<Futures>(futures));
  auto result = future_access::adopt(made);
  made->start();
  return result;
}

}  // namespace heddle
