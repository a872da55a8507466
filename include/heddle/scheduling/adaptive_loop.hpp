// SPDX-License-Identifier: MIT
// A loop on task stacks: divided when somebody asks for work, and not before.
#pragma once

#include <chrono>
#include <cstdint>
#include <exception>
#include <utility>

#include <heddle/base/cpu.hpp>
#include <heddle/base/sectioning.hpp>
#include <heddle/queue/task_stack.hpp>
#include <heddle/scheduling/cost_hint.hpp>
#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/guest.hpp>
#include <heddle/scheduling/join.hpp>
#include <heddle/scheduling/loop_failure.hpp>
#include <heddle/scheduling/participant.hpp>

namespace heddle::scheduling {

/// Runs `body(first, last, at)` for intervals that together are [0, size): see parallel_for() for what happens when one
/// throws. `body` keeps the index that it works on in `at`.
///
/// Whoever runs a part of the loop takes grains off its front, which grow until one takes a few microseconds. The rest
/// of the part lies on the task stack as a divisible task, so what a thief gets is half of what is left of the oldest
/// loop; between two grains the runner looks whether somebody begs.
template <class Body>
class adaptive_loop {
  using clock = std::chrono::steady_clock;
  using hint = cost_hint<Body>;

 public:
  explicit adaptive_loop(Body& body) noexcept : body_(body) {}

  /// Runs the whole loop; the caller takes part in its pool's work.
  void run(participant& here, std::uint64_t size) {
    const clock::time_point begin = clock::now();
    grain_ = first_grain();
    run_part(here, {0, size}, begin);
    failure_.rethrow();
  }

  /// Runs it all in the calling thread.
  void run_alone(std::uint64_t size) {
    std::uint64_t at = 0;
    body_(0, size, at);
  }

 private:
  /// How long a runner works between two looks at who begs.
  static constexpr std::chrono::nanoseconds shortest_grain{1000};
  static constexpr std::chrono::nanoseconds longest_grain{4000};

  struct part : queue::divisible_task {
    part(adaptive_loop& its_loop, base::section its_items) noexcept
        : divisible_task(its_items.first, its_items.last), loop(its_loop) {}
    adaptive_loop& loop;
  };

  static bool run_stolen_rest(queue::stack_slot& slot) noexcept {
    auto& rest = static_cast<part&>(*static_cast<queue::divisible_task*>(slot.task));
    rest.loop.run_part(*participant::current::get(), rest.theirs, clock::now());
    return false;  // failures are kept in the loop
  }

  [[nodiscard]] static std::uint64_t first_grain() noexcept {
    const auto thousand = static_cast<std::uint64_t>(hint::predict(1000).count());
    const std::uint64_t wanted = std::chrono::nanoseconds(shortest_grain).count() * std::uint64_t{1000000};
    return thousand == 0 || thousand > wanted ? 1 : wanted / thousand;
  }

  void run_part(participant& here, base::section items, clock::time_point now) noexcept {
    while (items.size() != 0) {
      part rest(*this, items);
      queue::stack_slot* const slot =
          here.stack.push(&run_stolen_rest, static_cast<queue::divisible_task*>(&rest), queue::stack_slot::divisible);
      if (slot == nullptr) [[unlikely]]
        return run_grain(items);
      now = run_grains(here, rest, is_worth_telling(here, items.size()), now);
      items = finish(here, slot, rest);
    }
  }

  /// Whether somebody should know at once that there is work.
  [[nodiscard]] static bool is_worth_telling(participant& here, std::uint64_t items) noexcept {
    return !hint::is_known() || hint::predict(items) >= worth_waking || here.home.idle().somebody_searches();
  }

  /// Until nothing of the part is left, or is the runner's. Tells others of the rest after it has taken the first grain
  /// for itself, if `tell`, and whenever somebody begs. Returns the time.
  clock::time_point run_grains(participant& here, part& rest, bool tell, clock::time_point now) noexcept {
    std::uint64_t most = grain_;
    const clock::time_point begin = now;
    std::uint64_t items = 0;
    for (;;) {
      const base::section grain = rest.mine.take(most, here.stack.lock());
      if (grain.size() == 0) break;
      if (tell) [[unlikely]] {
        answer_beggar(here);
        tell = false;
      }
      run_grain(grain);
      items += grain.size();
      const clock::time_point end = clock::now();
      most = next_grain(most, end - now);
      now = end;
      if (here.stack.is_begged() && (end - begin >= worth_waking || is_worth_telling(here, rest.mine.size_hint()))) {
        if (rest.mine.was_cut()) {
          run_part(here, rest.mine.take(UINT64_MAX, here.stack.lock()), now);
          continue;
        }
        tell = true;
      }
    }
    if (items != 0) hint::learn(items, now - begin);
    return now;
  }

  static std::uint64_t next_grain(std::uint64_t grain, std::chrono::nanoseconds took) noexcept {
    if (took < shortest_grain) return grain * 2;
    return took > longest_grain && grain > 1 ? grain / 2 : grain;
  }

  void run_grain(base::section grain) noexcept {
    if (failure_.is_before(grain.first)) return;
    std::uint64_t at = grain.first;
    try {
      body_(grain.first, grain.last, at);
    } catch (...) {
      failure_.keep(at, std::current_exception());
    }
  }

  /// The part's own items are done. Returns those that were offered to thieves and that nobody has taken.
  base::section finish(participant& here, queue::stack_slot* slot, part& rest) noexcept {
    if (here.stack.try_pop(slot)) return rest.theirs;
    std::exception_ptr none;
    return join(here, slot, none) == joined::taken_back ? rest.theirs : base::section{};
  }

  Body& body_;
  std::uint64_t grain_ = 1;
  loop_failure failure_;
};

/// Runs the loop where `crew` works: in place if it is short, else with the caller as a worker or a guest.
template <class Body>
void run_loop(crew& host, std::uint64_t size, Body& body) {
  using hint = cost_hint<Body>;
  constexpr std::chrono::nanoseconds too_short{500};
  adaptive_loop<Body> loop(body);
  if (hint::is_known() && hint::predict(size) < too_short && !hint::is_sample()) return loop.run_alone(size);
  participant* const here = participant::current::get();
  if (here != nullptr && &here->home == &host) return loop.run(*here, size);
  const guest_scope guest(host);
  if (guest.get() == nullptr) return loop.run_alone(size);
  loop.run(*guest.get(), size);
}

}  // namespace heddle::scheduling
