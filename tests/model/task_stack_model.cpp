// SPDX-License-Identifier: MIT
// The split task stack: every task runs exactly once, its runner sees what the owner wrote, the owner what the runner
// wrote, and no slot is read while it may be written again.
#include <cstdint>
#include <exception>
#include <heddle/base/spin_lock.hpp>
#include <heddle/queue/task_stack.hpp>
#include <heddle/sync/park.hpp>
#include <new>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::base::relaxed;
using heddle::base::section;
using heddle::queue::divisible_task;
using heddle::queue::stack_slot;
using heddle::queue::task_stack;
using heddle_model::choose;
using heddle_model::heavy_barriers;
using heddle_model::model;
using heddle_model::plain;

struct task {
  plain<int> input;
  plain<int> output;
  plain<int> runs{0};

  void run() {
    HEDDLE_MODEL_CHECK(input == 1);
    runs = runs + 1;
    output = 2;
  }
};

bool run_task(stack_slot& slot) noexcept {
  static_cast<task*>(slot.task)->run();
  return false;
}

bool run_failing_task(stack_slot& slot) noexcept {
  static_cast<task*>(slot.task)->run();
  ::new (static_cast<void*>(&slot.error)) std::exception_ptr(std::make_exception_ptr(1));
  return true;
}

/// Thread 0 owns the stack.
template <class Derived, int ThreadCount>
struct stack_model : model<Derived, ThreadCount> {
  task_stack stack{4};
  alignas(8) char thieves[ThreadCount * 8] = {};

  // ---- the owner

  stack_slot* fork(task& forked, stack_slot::code code = &run_task) {
    forked.input = 1;
    return stack.push(code, &forked);
  }

  /// As joins do, but awake.
  void join(stack_slot* slot, task& forked) {
    if (stack.try_pop(slot) || stack.try_take_back(slot)) {
      forked.run();
    } else {
      wait(slot);
      stack.vacate(slot);
    }
    check_done(forked);
  }

  static void check_done(task& forked) { HEDDLE_MODEL_CHECK(forked.output == 2 && forked.runs == 1); }

  static void wait(stack_slot* slot) {
    while (!stack_slot::has_ended(slot->look())) heddle::base::pause();
  }

  // ---- thieves

  void* thief() { return &thieves[rl::thread_index() * 8]; }

  void steal() {
    if (stack_slot* const stolen = stack.try_steal()) run_stolen(*stolen);
  }
  void run_stolen(stack_slot& stolen) {
    stolen.begin(thief(), 7);
    const bool threw = stolen.run(stolen);
    HEDDLE_MODEL_CHECK(!stolen.end(threw));
  }

  void after() { HEDDLE_MODEL_CHECK(stack.height() == 0 && !stack.has_public() && !stack.has_private()); }
};

/// The owner publishes; both others want it.
struct two_steal : stack_model<two_steal, 3> {
  task tasks[2];
  void thread(unsigned index) {
    if (index != 0) return steal();
    stack_slot* const first = fork(tasks[0]);
    stack_slot* const second = fork(tasks[1]);
    stack.publish();
    join(second, tasks[1]);
    join(first, tasks[0]);
  }
};

/// One thief, who also begs; the owner publishes if it sees that.
struct begged_of : stack_model<begged_of, 2> {
  task tasks[2];
  void thread(unsigned index) {
    if (index != 0) {
      stack.beg(heddle::queue::beggars::awake);
      steal();
      return steal();
    }
    stack_slot* const first = fork(tasks[0]);
    if (stack.is_begged()) stack.publish();
    stack_slot* const second = fork(tasks[1]);
    if (stack.is_begged()) stack.publish();
    join(second, tasks[1]);
    join(first, tasks[0]);
  }
};

/// The owner takes three back that are public, or some of them; the next tasks lie where the last ones lay.
struct shrinks_and_publishes_again : stack_model<shrinks_and_publishes_again, 2> {
  task tasks[4];
  void thread(unsigned index) {
    if (index != 0) {
      steal();
      return steal();
    }
    stack_slot* const first = fork(tasks[0]);
    stack_slot* const second = fork(tasks[1]);
    stack_slot* const third = fork(tasks[2]);
    stack.publish();
    join(third, tasks[2]);
    join(second, tasks[1]);
    stack_slot* const other = fork(tasks[3]);
    stack.publish();
    join(other, tasks[3]);
    join(first, tasks[0]);
  }
};

/// The slot is used twice, and the word that thieves look at has the same value both times.
struct slot_is_used_again : stack_model<slot_is_used_again, 3> {
  task tasks[2];
  void thread(unsigned index) {
    if (index != 0) return steal();
    for (task& each : tasks) {
      stack_slot* const slot = fork(each);
      stack.publish();
      join(slot, each);
    }
  }
};

/// The owner never publishes: a thief does it, while the owner pops and pushes others into the same slot.
struct exposed : stack_model<exposed, 2> {
  task tasks[3];
  void thread(unsigned index) {
    if (index != 0) {
      if (stack.try_expose()) steal();
      return;
    }
    stack_slot* const slot = fork(tasks[0]);
    join(slot, tasks[0]);
    stack_slot* const first = fork(tasks[1]);
    stack_slot* const second = fork(tasks[2]);
    join(second, tasks[2]);
    join(first, tasks[1]);
  }
};

/// Of three the thief wants to expose two, and the owner pops meanwhile.
struct two_of_three_exposed : stack_model<two_of_three_exposed, 2> {
  task tasks[3];
  void thread(unsigned index) {
    if (index != 0) {
      if (!stack.try_expose()) return;
      steal();
      return steal();
    }
    stack_slot* slots[3];
    for (int i = 0; i != 3; ++i) slots[i] = fork(tasks[i]);
    for (int i = 3; i-- != 0;) join(slots[i], tasks[i]);
  }
};

/// The thief of the lowest task exposes what lies above it.
struct exposed_above_a_stolen_task : stack_model<exposed_above_a_stolen_task, 2> {
  task below;
  task above;
  stack_slot* slot = nullptr;
  void before() {
    slot = fork(below);
    stack.publish();
    while (stack.has_public()) static_cast<void>(stack.try_steal());  // a CAS may fail for no reason
  }
  void thread(unsigned index) {
    if (index != 0) {
      run_stolen(*slot);
      if (stack.try_expose()) steal();
      return;
    }
    stack_slot* const other = fork(above);
    join(other, above);
    join(slot, below);
  }
};

/// One thief exposes, another one steals; barriers may fail.
struct exposed_to_another : stack_model<exposed_to_another, 3> {
  task tasks[2];
  void before() { heddle_model::have_heavy_barriers(heavy_barriers::some); }
  void thread(unsigned index) {
    if (index == 1) {
      stack.try_expose();
      return;
    }
    if (index == 2) return steal();
    for (task& each : tasks) {
      stack_slot* const slot = fork(each);
      join(slot, each);
    }
  }
};

/// Two expose while the owner pops.
struct two_expose : stack_model<two_expose, 3> {
  task tasks[2];
  void thread(unsigned index) {
    if (index != 0) {
      if (stack.try_expose()) steal();
      return;
    }
    stack_slot* const first = fork(tasks[0]);
    stack_slot* const second = fork(tasks[1]);
    join(second, tasks[1]);
    join(first, tasks[0]);
  }
};

/// While the owner waits for a thief, it pushes on top of the stolen task, as a joiner does that runs something else.
struct pushes_on_top_of_a_stolen_task : stack_model<pushes_on_top_of_a_stolen_task, 3> {
  task below;
  task on_top[2];
  void thread(unsigned index) {
    if (index != 0) {
      if (!stack.has_public()) stack.try_expose();
      return steal();
    }
    stack_slot* const slot = fork(below);
    stack.publish();
    if (stack.try_pop(slot) || stack.try_take_back(slot)) {
      below.run();
    } else {
      for (task& each : on_top) {
        stack_slot* const other = fork(each);
        HEDDLE_MODEL_CHECK(other == slot + 1);
        if (choose(2) == 1) stack.publish();
        join(other, each);
      }
      wait(slot);
      HEDDLE_MODEL_CHECK(slot->began_at == 7U);
      stack.vacate(slot);
    }
    check_done(below);
  }
};

/// The owner sleeps; who wakes it sees what it prepared for that. The task fails.
struct owner_sleeps : stack_model<owner_sleeps, 2> {
  task forked;
  heddle::sync::parking_word signal{0};
  plain<int> prepared{0};

  void thread(unsigned index) { index == 0 ? own() : steal_and_wake(); }
  void own() {
    stack_slot* const slot = fork(forked, &run_failing_task);
    stack.publish();
    if (stack.try_pop(slot) || stack.try_take_back(slot)) return forked.run();
    prepared = 1;
    for (;;) {
      const stack_slot::word seen = slot->look();
      if (stack_slot::has_ended(seen)) break;
      if (stack_slot::is_pending(seen)) {
        heddle::base::pause();
        continue;
      }
      HEDDLE_MODEL_CHECK(stack_slot::thief_of(seen) == &thieves[8] && slot->began_at == 7U);
      if (!slot->announce_sleeper(seen)) continue;
      while (!stack_slot::has_ended(slot->look())) {
        heddle::sync::park_until(signal, 0, heddle::sync::no_deadline);
      }
      break;
    }
    HEDDLE_MODEL_CHECK(slot->look() == stack_slot::threw && slot->take_error() != nullptr);
    stack.vacate(slot);
    check_done(forked);
  }
  void steal_and_wake() {
    stack_slot* const stolen = stack.try_steal();
    if (stolen == nullptr) return;
    stolen->begin(thief(), 7);
    if (!stolen->end(stolen->run(*stolen))) return;
    HEDDLE_MODEL_CHECK(prepared == 1);
    signal.store(1, relaxed);
    heddle::sync::unpark_all(&signal);
  }
};

/// The owner of the stack runs `awaited`, which is somebody else's, who steals from it only what it forks for that: not
/// what it has forked before, nor what it forks in the same place afterwards.
struct part_is_stolen : stack_model<part_is_stolen, 2> {
  task older, part, later;
  stack_slot awaited{&run_task, nullptr, stack_slot::plain};

  void thread(unsigned index) {
    if (index != 0) return steal_part();
    if (choose(2) == 1) {
      stack_slot* const below = fork(older);
      run_awaited();
      join(below, older);
    } else {
      run_awaited();
      fork_and_join(later);
    }
  }
  void run_awaited() {
    awaited.begin(thief(), stack.height());
    fork_and_join(part);
    HEDDLE_MODEL_CHECK(!awaited.end(false));
  }
  void fork_and_join(task& forked) {
    stack_slot* const slot = fork(forked);
    stack.publish();
    join(slot, forked);
  }
  void steal_part() {
    const stack_slot::word seen = awaited.look();
    if (stack_slot::has_ended(seen) || stack_slot::is_pending(seen)) return;
    stack_slot* const stolen = stack.try_steal_part_of(awaited, seen);
    if (stolen == nullptr) return;
    HEDDLE_MODEL_CHECK(stolen->task == &part);
    run_stolen(*stolen);
  }
};

/// A loop of `Size` items as a divisible task.
template <int Size>
struct loop : divisible_task {
  loop() : divisible_task(0, Size) {}
  plain<int> done[Size];

  void run(section items) {
    for (std::uint64_t i = items.first; i != items.last; ++i) done[i] = 1;
  }
  /// Items that were left out have no value, which is found.
  void check() {
    for (plain<int>& each : done) HEDDLE_MODEL_CHECK(each == 1);
  }
};

template <int Size>
bool run_stolen_rest(stack_slot& slot) noexcept {
  auto& rest = static_cast<loop<Size>&>(*static_cast<divisible_task*>(slot.task));
  rest.run(rest.theirs);
  return false;
}

template <class Derived, int ThreadCount>
struct loop_model : stack_model<Derived, ThreadCount> {
  using stack_model<Derived, ThreadCount>::stack;

  template <int Size>
  stack_slot* begin(loop<Size>& begun) {
    return stack.push(&run_stolen_rest<Size>, static_cast<divisible_task*>(&begun), stack_slot::divisible);
  }
  template <int Size>
  void run_mine(loop<Size>& begun) {
    for (;;) {
      const section grain = begun.mine.take(1, stack.lock());
      if (grain.size() == 0) break;
      begun.run(grain);
    }
  }
  template <int Size>
  void finish(stack_slot* slot, loop<Size>& ended) {
    if (stack.try_pop(slot) || stack.try_take_back(slot)) {
      ended.run(ended.theirs);
    } else {
      this->wait(slot);
      stack.vacate(slot);
    }
    ended.check();
  }
};

/// Cut by the owner, or by a thief.
struct loop_is_shared : loop_model<loop_is_shared, 2> {
  loop<3> shared;
  void before() { heddle_model::have_heavy_barriers(heavy_barriers::some); }
  void thread(unsigned index) {
    if (index != 0) {
      if (stack.try_expose()) steal();
      return;
    }
    const bool tell = choose(2) == 1;
    stack_slot* const slot = begin(shared);
    if (tell) stack.publish();
    run_mine(shared);
    finish(slot, shared);
  }
};

/// The outer loop has nothing to give any more, the task above it has.
struct empty_loop_lies_below : loop_model<empty_loop_lies_below, 2> {
  loop<1> empty;
  task above;
  void thread(unsigned index) {
    if (index != 0) {
      if (stack.try_expose()) steal();
      return steal();
    }
    stack_slot* const first = begin(empty);
    run_mine(empty);
    stack_slot* const second = fork(above);
    if (choose(2) == 1) stack.publish();
    join(second, above);
    finish(first, empty);
  }
};

/// A thief looks at a loop in vain while its owner ends it and uses the slot for something else.
struct exposed_in_vain : loop_model<exposed_in_vain, 2> {
  loop<1> empty;
  task next;
  void thread(unsigned index) {
    if (index != 0) {
      if (stack.try_expose()) steal();
      return;
    }
    stack_slot* const first = begin(empty);
    run_mine(empty);
    finish(first, empty);
    join(fork(next), next);
  }
};

/// Loops are published, cut, taken back and published again.
struct loops_are_taken_back : loop_model<loops_are_taken_back, 2> {
  loop<2> loops[2];
  task tasks[2];
  void thread(unsigned index) {
    if (index != 0) {
      steal();
      return steal();
    }
    stack_slot* const first = begin(loops[0]);
    stack_slot* const second = begin(loops[1]);
    stack_slot* const third = fork(tasks[0]);
    stack.publish();  // both loops
    join(third, tasks[0]);
    run_mine(loops[1]);
    finish(second, loops[1]);
    stack_slot* const other = fork(tasks[1]);
    stack.publish();
    join(other, tasks[1]);
    run_mine(loops[0]);
    finish(first, loops[0]);
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("queue/task_stack.hpp",
                 {
                     explore<begged_of>("begged of", at_most_switches(3)),
                     explore<owner_sleeps>("the owner sleeps", at_most_switches(4)),
                     explore<exposed>("exposed", at_most_switches(3)),
                     explore<two_of_three_exposed>("two of three exposed", at_most_switches(3)),
                     explore<exposed_above_a_stolen_task>("exposed above a stolen task", at_most_switches(3)),
                     explore<shrinks_and_publishes_again>("shrinks and publishes again", at_most_switches(3)),
                     explore<loop_is_shared>("a loop is shared", at_most_switches(3)),
                     explore<empty_loop_lies_below>("an empty loop lies below", at_most_switches(2)),
                     explore<exposed_in_vain>("exposed in vain", at_most_switches(3)),
                     explore<loops_are_taken_back>("loops are taken back", at_most_switches(2)),
                     explore<part_is_stolen>("a part is stolen", at_most_switches(3)),
                     explore<two_steal>("two steal", at_most_switches(2)),
                     explore<slot_is_used_again>("a slot is used again", at_most_switches(2)),
                     explore<exposed_to_another>("exposed to another", at_most_switches(2)),
                     explore<two_expose>("two expose", at_most_switches(2)),
                     explore<pushes_on_top_of_a_stolen_task>("pushes on top", at_most_switches(1)),
                 },
                 {});
  return models.run(argc, argv);
}
