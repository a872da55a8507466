// SPDX-License-Identifier: MIT
// A loop on task stacks: divided when somebody asks for work, and not before.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <utility>

#include <heddle/base/sectioning.hpp>
#include <heddle/queue/task_stack.hpp>
#include <heddle/scheduling/cost_hint.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/guest.hpp>
#include <heddle/scheduling/join.hpp>
#include <heddle/scheduling/loop_body.hpp>
#include <heddle/scheduling/loop_failure.hpp>
#include <heddle/scheduling/loop_pace.hpp>
#include <heddle/scheduling/participant.hpp>

namespace heddle::scheduling {

/// Runs `body` for intervals that together are [0, size): see parallel_for() for what happens when one throws.
///
/// Whoever runs a part of the loop takes grains off its front, which grow until one takes a few microseconds. The rest
/// of the part lies on the task stack as a divisible task, so what a thief gets is half of what is left of the oldest
/// loop; between two grains the runner looks whether somebody begs. What is left to the runner by that is out of reach
/// until its grain has ended: so a part of few items that may take long is halved beforehand, down to the first item.
class adaptive_loop {
 public:
  adaptive_loop(loop_body body, cost_hint& hint) noexcept
      : body_(body), hint_(hint), first_grain_(loop_pace::predicted_grain(hint)) {}

  /// Runs the whole loop; the caller takes part in its pool's work.
  void run(participant& here, std::uint64_t size) {
    const bool told = run_part(here, {0, size}, is_worth_timing(size) || cost_hint::is_sample());
    if (!told) note_unshared(here, std::chrono::duration_cast<std::chrono::nanoseconds>(hint_.predict(size)));
    failure_.rethrow();
  }

 private:
  struct part : queue::divisible_task {
    part(adaptive_loop& its_loop, base::section its_items) noexcept
        : divisible_task(its_items.first, its_items.last), loop(its_loop) {}
    adaptive_loop& loop;
  };

  static bool run_stolen_rest(queue::stack_slot& slot) noexcept {
    auto& rest = static_cast<part&>(*static_cast<queue::divisible_task*>(slot.task));
    rest.loop.run_part(*participant::current::get(), rest.theirs, rest.loop.is_worth_timing(rest.theirs.size()));
    return false;  // failures are kept in the loop
  }

  [[nodiscard]] bool is_worth_timing(std::uint64_t items) const noexcept {
    return loop_pace::is_worth_timing(hint_, items);
  }

  /// Whether others are told of a part that lies on the stack, before they ask.
  enum class tells : bool { no, yes };

  /// True if others had a part of it, or could have had.
  bool run_part(participant& here, base::section items, bool timed, tells first = tells::yes) noexcept {
    loop_pace pace(hint_, first_grain_, timed);
    bool told = false;
    while (items.size() > 1) {
      if (are_few_and_long(here, items.size())) {
        pace.leave_out([&] { told |= run_halves(here, std::exchange(items, {})); });
        break;
      }
      part rest(*this, items);
      queue::stack_slot* const slot =
          here.stack.push(&run_stolen_rest, static_cast<queue::divisible_task*>(&rest), queue::stack_slot::divisible);
      if (slot == nullptr) [[unlikely]]
        break;
      told |= run_grains(here, rest, pace, first);
      items = finish(here, slot, rest, pace);
    }
    if (items.size() != 0) {
      body_(items, failure_);
      pace.end_grain(items.size());
    }
    pace.learn();
    return told;
  }

  /// Whether it matters that a worker who has come for nothing would have to wait for the end of an item.
  [[nodiscard]] bool are_few_and_long(const participant& here, std::uint64_t items) const noexcept {
    constexpr std::uint64_t few = 16;  // for each worker
    constexpr std::chrono::microseconds long_item{20};
    return items > 2 && items <= few * here.home.size() && here.home.size() > 1 &&
           (!hint_.is_known() || hint_.predict(1) >= long_item);
  }

  /// Each half can be stolen as a whole, whatever the runner does. The first item of a loop ever may be much dearer
  /// than the others, so it is not timed. True as in run_part().
  bool run_halves(participant& here, base::section items) noexcept {
    part upper(*this, items);
    upper.theirs = {items.first + items.size() / 2, items.last};
    queue::stack_slot* const slot = here.stack.push(&run_stolen_rest, static_cast<queue::divisible_task*>(&upper));
    if (slot == nullptr) [[unlikely]] {
      body_(items, failure_);
      return false;
    }
    const news first = first_news(here, upper.theirs.size());
    bool told = first.kind != answer::none && tell(here, first);
    told |= run_part(here, {items.first, upper.theirs.first}, hint_.is_known());
    std::exception_ptr none;
    if (here.stack.try_pop(slot) || join(here, slot, none) == joined::taken_back) {
      told |= run_part(here, upper.theirs, hint_.is_known());
    }
    return told;
  }

  /// Until nothing of the part is left, or is the runner's. Tells others of the rest after it has taken the first grain
  /// for itself, if they should know at once, and whenever somebody begs. True if somebody had use for that.
  bool run_grains(participant& here, part& rest, loop_pace& pace, tells first) noexcept {
    news next = first == tells::yes ? first_news(here, rest.mine.size_hint()) : news{};
    bool told = false;
    for (;;) {
      const base::section grain = rest.mine.take(pace.grain(), here.stack.lock());
      if (next.kind != answer::none) [[unlikely]] {
        pace.leave_out([&] { told |= tell(here, std::exchange(next, {})); });
      }
      if (grain.size() == 0) return told;
      body_(grain, failure_);
      pace.end_grain(grain.size());
      const bool is_begged = here.stack.is_begged();
      if (rest.mine.was_cut()) [[unlikely]] {
        // What is left goes onto the stack again, or nobody would see that there is more to beg for.
        const base::section left = rest.mine.take(UINT64_MAX, here.stack.lock());
        if (left.size() == 0) return told;
        pace.leave_out([&] { told |= run_part(here, left, true, is_begged ? tells::yes : tells::no); });
        continue;  // a cut that could not be made known gives back what it had cut off
      }
      if (!is_begged) [[likely]]
        continue;
      next.kind = pace.elapsed() >= worth_waking() ? answer::call : worth_of(rest.mine.size_hint());
      if (next.kind == answer::give && (!here.stack.is_begged(queue::beggars::awake) || here.stack.has_public()))
        next.kind = answer::none;
    }
  }

  /// What is done for others: nothing, something for who is awake, or a call for who sleeps too.
  enum class answer : std::uint8_t { none, give, call };

  [[nodiscard]] answer worth_of(std::uint64_t items) const noexcept {
    if (!hint_.is_known()) return answer::call;
    const auto predicted = hint_.predict(items);
    return predicted >= worth_waking() ? answer::call : predicted >= worth_giving ? answer::give : answer::none;
  }

  /// An answer, and the worker whose hand is reserved for it, if it is for one.
  struct news {
    answer kind = answer::none;
    worker* taker = nullptr;
  };

  /// What to tell of so many items before anybody has begged: a gift only if there is a hand for it. Says so where that
  /// is too little to call anybody.
  [[nodiscard]] news first_news(participant& here, std::uint64_t items) const noexcept {
    const answer worth = worth_of(items);
    if (worth == answer::call) return {answer::call, nullptr};
    here.stack.decline_sleepers();
    worker* const taker = worth == answer::give ? here.home.reserve_hand() : nullptr;
    return {taker != nullptr ? answer::give : answer::none, taker};
  }

  [[gnu::noinline]] static bool tell(participant& here, news what) noexcept {
    if (what.taker != nullptr) return give(here, *what.taker);
    return what.kind == answer::call ? answer_beggar(here) : answer_who_is_awake(here);
  }

  /// The part's own items are done. Returns those that were offered to thieves and that nobody has taken.
  base::section finish(participant& here, queue::stack_slot* slot, part& rest, loop_pace& pace) noexcept {
    if (here.stack.try_pop(slot)) return rest.theirs;
    joined how{};
    pace.leave_out([&] {
      std::exception_ptr none;
      how = join(here, slot, none);
    });
    return how == joined::taken_back ? rest.theirs : base::section{};
  }

  const loop_body body_;
  cost_hint& hint_;
  const std::uint64_t first_grain_;
  loop_failure failure_;
};

/// Runs a loop in the calling thread.
template <class Body>
void run_alone(std::uint64_t size, Body& body) {
  std::uint64_t at = 0;
  body(0, size, at);
}

/// Runs the loop where `crew` works, with the caller as a worker or a guest; false if there is no place for one.
[[nodiscard]] inline bool run_together(crew& host, std::uint64_t size, loop_body body, cost_hint& hint) {
  adaptive_loop loop(body, hint);
  participant* const here = participant::current::get();
  if (here != nullptr && &here->home == &host) return loop.run(*here, size), true;
  const guest_scope guest(host);
  if (guest.get() == nullptr) return false;
  return loop.run(*guest.get(), size), true;
}

/// Runs the loop where `crew` works: in place if it is short.
template <class Body>
void run_loop(crew& host, std::uint64_t size, Body& body) {
  if (size == 0) return;
  constexpr std::chrono::nanoseconds too_short{500};
  cost_hint& hint = cost_hint_of<Body>;
  if (hint.is_known() && hint.predict(size) < too_short) {
    if (!cost_hint::is_sample()) return run_alone(size, body);
    const cost_hint::measurement measured(hint, size);
    return run_alone(size, body);
  }
  if (!run_together(host, size, loop_body(body), hint)) run_alone(size, body);
}

}  // namespace heddle::scheduling
