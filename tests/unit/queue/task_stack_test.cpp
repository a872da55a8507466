// SPDX-License-Identifier: MIT
// queue/task_stack.hpp: who finds which task where, one step after the other. Overlapping steps are left to the models.
#include <cstddef>
#include <cstdint>
#include <exception>
#include <heddle/queue/task_stack.hpp>
#include <new>
#include <stdexcept>
#include <support/catch.hpp>
#include <vector>

using heddle::base::section;
using heddle::queue::beggars;
using heddle::queue::divisible_task;
using heddle::queue::stack_slot;
using heddle::queue::task_stack;

namespace {

bool do_nothing(stack_slot& /*slot*/) noexcept { return false; }

bool do_throw(stack_slot& slot) noexcept {
  ::new (static_cast<void*>(&slot.error)) std::exception_ptr(std::make_exception_ptr(std::runtime_error("stolen")));
  return true;
}

stack_slot* push(task_stack& stack, void* task = nullptr) { return stack.push(&do_nothing, task); }
stack_slot* push(task_stack& stack, divisible_task& loop) {
  return stack.push(&do_nothing, &loop, stack_slot::divisible);
}

std::vector<stack_slot*> push_many(task_stack& stack, std::size_t count) {
  std::vector<stack_slot*> slots;
  while (slots.size() < count) slots.push_back(push(stack));
  return slots;
}

/// The CAS of a steal may fail for no reason.
stack_slot* steal(task_stack& stack) {
  while (stack.has_public()) {
    if (stack_slot* const stolen = stack.try_steal()) return stolen;
  }
  return nullptr;
}
stack_slot* steal_part_of(task_stack& stack, const stack_slot& awaited, const void* thief) {
  const auto state = reinterpret_cast<stack_slot::word>(thief);
  for (int tries = 0; tries < 100; ++tries) {
    if (stack_slot* const stolen = stack.try_steal_part_of(awaited, state)) return stolen;
  }
  return nullptr;
}

std::size_t steal_all(task_stack& stack) {
  std::size_t count = 0;
  while (steal(stack) != nullptr) ++count;
  return count;
}

alignas(8) const char somebody[8] = {};

}  // namespace

TEST_CASE("a slot takes 32 bytes", "[task_stack]") { STATIC_REQUIRE(sizeof(stack_slot) == 32); }

TEST_CASE("private tasks are popped in the reverse order of their pushes", "[task_stack]") {
  task_stack stack(4);
  CHECK(stack.height() == 0);
  int task = 0;
  stack_slot* const first = push(stack, &task);
  stack_slot* const second = push(stack);
  CHECK(second == first + 1);
  CHECK(first->task == &task);
  CHECK(stack_slot::is_pending(first->look()));
  CHECK(stack.height() == 2);
  CHECK(stack.has_private());
  CHECK_FALSE(stack.has_public());
  CHECK(stack.try_steal() == nullptr);
  CHECK(stack.try_pop(second));
  CHECK(stack.height() == 1);
  CHECK(push(stack) == second);
  CHECK(stack.try_pop(second));
  CHECK(stack.try_pop(first));
  CHECK(stack.height() == 0);
  CHECK_FALSE(stack.has_private());
}

TEST_CASE("a full stack says so and takes tasks again when there is room", "[task_stack]") {
  task_stack stack(2);
  push(stack);
  stack_slot* const top = push(stack);
  CHECK(push(stack) == nullptr);
  CHECK(stack.height() == 2);
  CHECK(stack.try_pop(top));
  CHECK(push(stack) == top);
  CHECK(push(stack) == nullptr);
}

TEST_CASE("a stack of no slots is always full", "[task_stack]") {
  task_stack stack(0);
  CHECK(push(stack) == nullptr);
  CHECK_FALSE(stack.publish());
}

TEST_CASE("the older half of what is private is published, rounded up", "[task_stack]") {
  const auto by_owner = GENERATE(true, false);
  const auto pushed = GENERATE(std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{4}, std::size_t{7});
  task_stack stack(8);
  const std::vector<stack_slot*> slots = push_many(stack, pushed);
  CHECK((by_owner ? stack.publish() : stack.expose()));
  const std::size_t half = (pushed + 1) / 2;
  for (std::size_t i = 0; i < half; ++i) CHECK(steal(stack) == slots[i]);
  CHECK(steal(stack) == nullptr);
  CHECK(stack.has_private() == (pushed > half));
  CHECK(stack.height() == pushed);
}

TEST_CASE("nothing more is published while something is public", "[task_stack]") {
  task_stack stack(4);
  push_many(stack, 4);
  CHECK(stack.publish());
  CHECK(stack.publish());
  CHECK(stack.expose());
  CHECK(steal_all(stack) == 2);
  CHECK(stack.publish());
  CHECK(steal_all(stack) == 1);
}

TEST_CASE("an empty stack publishes nothing", "[task_stack]") {
  task_stack stack(4);
  CHECK_FALSE(stack.publish());
  CHECK_FALSE(stack.expose());
  CHECK_FALSE(stack.has_public());
}

TEST_CASE("who cannot expose, since somebody holds the lock, believes that there is something", "[task_stack]") {
  task_stack stack(4);
  push(stack);
  stack.lock().lock();
  CHECK(stack.try_expose());
  CHECK_FALSE(stack.has_public());
  stack.lock().unlock();
  CHECK(stack.try_expose());
  CHECK(stack.has_public());
}

TEST_CASE("who begs, awake or asleep, is remembered until the owner forgets it", "[task_stack]") {
  task_stack stack(4);
  CHECK_FALSE(stack.is_begged());
  stack.beg(beggars::awake);
  stack.beg(beggars::asleep);
  CHECK(stack.is_begged(beggars::awake));
  stack.forget(beggars::awake);
  CHECK_FALSE(stack.is_begged(beggars::awake));
  CHECK(stack.is_begged(beggars::asleep));
  CHECK(stack.is_begged());
  stack.forget(beggars::all);
  CHECK_FALSE(stack.is_begged());
}

TEST_CASE("a public task that nobody has stolen is taken back, and the older half stays public", "[task_stack]") {
  task_stack stack(8);
  const std::vector<stack_slot*> slots = push_many(stack, 7);
  CHECK(stack.publish());  // 0 to 3
  for (std::size_t i = 7; i-- > 4;) CHECK(stack.try_pop(slots[i]));
  CHECK_FALSE(stack.try_pop(slots[3]));
  CHECK(stack.try_take_back(slots[3]));
  CHECK(stack.height() == 3);
  CHECK(stack.try_pop(slots[2]));
  CHECK(stack.try_pop(slots[1]));
  CHECK(steal(stack) == slots[0]);
  CHECK(steal(stack) == nullptr);
}

TEST_CASE("the only public task is taken back", "[task_stack]") {
  task_stack stack(4);
  stack_slot* const slot = push(stack);
  CHECK(stack.publish());
  CHECK_FALSE(stack.try_pop(slot));
  CHECK(stack.try_take_back(slot));
  CHECK(stack.height() == 0);
  CHECK_FALSE(stack.has_public());
  CHECK(push(stack) == slot);
  CHECK(stack.try_pop(slot));
}

TEST_CASE("a stolen slot is occupied until it is vacated", "[task_stack]") {
  task_stack stack(4);
  stack_slot* const slot = push(stack);
  CHECK(stack.publish());
  CHECK(steal(stack) == slot);
  CHECK_FALSE(stack.try_pop(slot));
  CHECK_FALSE(stack.try_take_back(slot));
  CHECK(stack.height() == 1);

  stack_slot* const above = push(stack);
  CHECK(above == slot + 1);
  CHECK(stack.publish());
  CHECK(steal(stack) == above);
  CHECK_FALSE(stack.try_pop(above));
  CHECK_FALSE(stack.try_take_back(above));
  stack.vacate(above);
  CHECK(stack.height() == 1);

  stack.vacate(slot);
  CHECK(stack.height() == 0);
  CHECK_FALSE(stack.has_private());
  CHECK(push(stack) == slot);
  CHECK(stack.publish());
  CHECK(steal(stack) == slot);
}

TEST_CASE("a stolen task tells its owner who runs it, where that began, and how it ended", "[task_stack]") {
  task_stack stack(4);
  stack_slot* const slot = stack.push(GENERATE(&do_nothing, &do_throw), nullptr);
  CHECK(stack.publish());
  CHECK(steal(stack) == slot);
  CHECK(stack_slot::is_pending(slot->look()));
  slot->begin(somebody, 17);
  CHECK(stack_slot::thief_of(slot->look()) == somebody);
  CHECK(slot->began_at == 17);
  CHECK_FALSE(stack_slot::is_pending(slot->look()));
  CHECK_FALSE(stack_slot::has_ended(slot->look()));
  const bool threw = slot->run(*slot);
  CHECK_FALSE(slot->end(threw));
  CHECK(stack_slot::has_ended(slot->look()));
  CHECK((slot->look() == stack_slot::threw) == threw);
  if (threw) CHECK_THROWS_AS(std::rethrow_exception(slot->take_error()), std::runtime_error);
  stack.vacate(slot);
}

TEST_CASE("the end of a task tells that its owner sleeps", "[task_stack]") {
  stack_slot slot(&do_nothing, nullptr, stack_slot::plain);
  slot.begin(somebody, 0);
  const stack_slot::word seen = slot.look();
  CHECK(slot.announce_sleeper(seen));
  CHECK(stack_slot::thief_of(slot.look()) == somebody);
  CHECK_FALSE(stack_slot::has_ended(slot.look()));
  CHECK(slot.end(false));
  CHECK(slot.look() == stack_slot::returned);
}

TEST_CASE("nobody goes to sleep for a task that has ended", "[task_stack]") {
  stack_slot slot(&do_nothing, nullptr, stack_slot::plain);
  slot.begin(somebody, 0);
  const stack_slot::word seen = slot.look();
  CHECK_FALSE(slot.end(true));
  CHECK_FALSE(slot.announce_sleeper(seen));
  CHECK(slot.look() == stack_slot::threw);
}

TEST_CASE("only what was forked for a task is stolen by who waits for it", "[task_stack]") {
  task_stack stack(4);
  stack_slot awaited(&do_nothing, nullptr, stack_slot::plain);
  stack_slot* const below = push(stack);
  awaited.begin(somebody, stack.height());
  stack_slot* const part = push(stack);
  CHECK(stack.publish());
  CHECK(steal_part_of(stack, awaited, somebody) == nullptr);
  CHECK(steal(stack) == below);
  CHECK(stack.publish());
  CHECK(steal_part_of(stack, awaited, somebody) == part);
  CHECK(steal_part_of(stack, awaited, somebody) == nullptr);
}

TEST_CASE("nothing is stolen for a task that has ended", "[task_stack]") {
  task_stack stack(4);
  stack_slot awaited(&do_nothing, nullptr, stack_slot::plain);
  awaited.begin(somebody, stack.height());
  CHECK_FALSE(awaited.end(false));
  stack_slot* const later = push(stack);
  CHECK(stack.publish());
  CHECK(steal_part_of(stack, awaited, somebody) == nullptr);
  CHECK(steal(stack) == later);
}

TEST_CASE("a loop is cut in half when it is published", "[task_stack]") {
  task_stack stack(4);
  divisible_task loop(0, 9);
  stack_slot* const slot = push(stack, loop);
  CHECK(loop.theirs.size() == 0);
  CHECK(loop.mine.take(1, stack.lock()) == section{0, 1});
  CHECK((GENERATE(true, false) ? stack.publish() : stack.expose()));
  CHECK(loop.theirs == section{5, 9});
  CHECK(steal(stack) == slot);
  CHECK(loop.mine.take(100, stack.lock()) == section{1, 5});
}

TEST_CASE("a loop of one item can be stolen whole", "[task_stack]") {
  task_stack stack(4);
  divisible_task loop(0, 1);
  stack_slot* const slot = push(stack, loop);
  CHECK(stack.publish());
  CHECK(loop.theirs == section{0, 1});
  CHECK(steal(stack) == slot);
}

TEST_CASE("a loop that was taken back is not cut again", "[task_stack]") {
  task_stack stack(4);
  divisible_task loop(0, 8);
  stack_slot* const first = push(stack, loop);
  stack_slot* const second = push(stack);
  stack_slot* const third = push(stack);
  CHECK(stack.publish());  // the loop and the task above
  CHECK(loop.theirs == section{4, 8});
  CHECK(stack.try_pop(third));
  CHECK_FALSE(stack.try_pop(second));
  CHECK(stack.try_take_back(second));
  CHECK_FALSE(stack.has_public());
  CHECK(stack.publish());
  CHECK(loop.theirs == section{4, 8});
  CHECK(steal(stack) == first);
}

TEST_CASE("a loop with nothing left is not worth publishing, what lies above it is", "[task_stack]") {
  task_stack stack(4);
  divisible_task used_up(0, 1);
  CHECK(used_up.mine.take(1, stack.lock()).size() == 1);
  stack_slot* const slot = push(stack, used_up);
  CHECK_FALSE(stack.publish());
  CHECK_FALSE(stack.expose());
  CHECK_FALSE(stack.has_public());
  CHECK(stack.has_private());
  stack_slot* const above = push(stack);
  CHECK(stack.publish());
  CHECK(steal(stack) == slot);
  CHECK(used_up.theirs.size() == 0);
  CHECK(steal(stack) == above);
}
