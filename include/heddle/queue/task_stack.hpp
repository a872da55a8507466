// SPDX-License-Identifier: MIT
// The stack of tasks that a thread has forked and not yet joined; others steal the oldest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <new>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/barrier.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/spin_lock.hpp>
#include <heddle/queue/divisible_range.hpp>

namespace heddle::queue {

/// A task on its owner's machine stack. 32 bytes.
///
///     state        meaning
///     0, 1         pending; 1: a divisible_task that is not cut yet
///     thief        its address: somebody who stole the task runs it; with bit 0: and the owner sleeps until it ends
///     2, 3         ended; 3: by an exception, which the slot keeps
///
/// Who steals it calls begin(), run() and end(). The owner alone reads the state, and waits by it.
struct stack_slot {
  /// Runs the task. If it ends by an exception, that takes the place of `task` in `error`, and the answer is true.
  using code = bool (*)(stack_slot&) noexcept;
  using word = std::uintptr_t;

  static constexpr word plain = 0;
  static constexpr word divisible = 1;
  static constexpr word returned = 2;
  static constexpr word threw = 3;
  static constexpr word sleeper_bit = 1;

  stack_slot(code its_code, void* its_task, word its_state) noexcept
      : run(its_code), task(its_task), state(its_state) {}
  stack_slot(const stack_slot&) = delete;
  stack_slot& operator=(const stack_slot&) = delete;
  ~stack_slot() {}  // who takes the error destroys it

  /// `thief` is aligned to 4 or more; `height` is that of its own stack, where what it forks from here on begins.
  void begin(const void* thief, std::uint32_t height) noexcept {
    began_at = height;
    // [stack_slot.1] release: the owner reads began_at.
    state.store(reinterpret_cast<word>(thief), base::release);
  }

  /// True if the owner sleeps and is to be woken. The slot may be gone by then.
  [[nodiscard]] bool end(bool by_exception) noexcept {
    // [stack_slot.2] release: what the task did, for the owner. [stack_slot.3] acquire: the sleeper's preparations.
    return (state.exchange(by_exception ? threw : returned, base::acq_rel) & sleeper_bit) != 0;
  }

  // [stack_slot.1] acquire: began_at. [stack_slot.2] acquire: what the task did. [stack_slot.4] acquire: what the thief
  // has published.
  [[nodiscard]] word look() const noexcept { return state.load(base::acquire); }

  /// The owner, who saw `thief` in the state: it goes to sleep until end(). False if the state is another one now.
  [[nodiscard]] bool announce_sleeper(word thief) noexcept {
    // [stack_slot.3] release: end() acquires it.
    return state.compare_exchange_strong(thief, thief | sleeper_bit, base::release, base::relaxed);
  }

  /// The owner, awake before the end: it does not sleep any more, unless the state is another one now.
  void withdraw_sleeper(word thief) noexcept {
    word asleep = thief | sleeper_bit;
    state.compare_exchange_strong(asleep, thief, base::relaxed, base::relaxed);  // relaxed: as it was before
  }

  /// The thief, before the end: whether the owner sleeps. Relaxed: a hint.
  [[nodiscard]] bool has_sleeper() const noexcept { return (state.load(base::relaxed) & sleeper_bit) != 0; }

  /// The thief, `self`: true if the owner sleeps, and the caller wakes it now.
  [[nodiscard]] bool call_sleeper(const void* self) noexcept {
    word asleep = reinterpret_cast<word>(self) | sleeper_bit;
    // [stack_slot.4] release: what was published.
    return has_sleeper() && state.compare_exchange_strong(asleep, asleep & ~sleeper_bit, base::release, base::relaxed);
  }

  [[nodiscard]] static bool has_ended(word seen) noexcept { return seen == returned || seen == threw; }
  [[nodiscard]] static bool is_pending(word seen) noexcept { return seen == plain || seen == divisible; }
  [[nodiscard]] static void* thief_of(word seen) noexcept { return reinterpret_cast<void*>(seen & ~sleeper_bit); }

  std::exception_ptr take_error() noexcept {
    std::exception_ptr taken = std::move(error);
    error.~exception_ptr();
    return taken;
  }

  code run;
  union {
    void* task;
    std::exception_ptr error;  // once the task threw
  };
  base::atomic<word> state;
  std::uint32_t began_at;  // written by the thief before its address
};

/// The rest of a loop as a task: cut in two when it is published, so what a thief gets is half of what is left then.
struct divisible_task {
  divisible_task(std::uint64_t first, std::uint64_t last) noexcept : mine(first, last) {}
  divisible_range mine;
  base::section theirs;  // empty until it is cut, which is right before it becomes public
};

/// Who begs for work: somebody who looks for it now, or who is about to sleep and wants to be called. Bits.
enum class beggars : std::uint8_t { awake = 1, asleep = 2, all = 3 };

/// A split task stack (Faxén's Wool and van Dijk's Lace): the newest tasks are private to the owner, whose push and pop
/// are plain stores and loads; the oldest are public, and thieves take them with a CAS.
///
///     slot index   0 .. tail    tail .. split    split .. head
///                  stolen       public           private
///
/// `span_` is tail and split in one word, so a CAS on the tail also checks the split:
///
///     bits    content
///     0-21    tail
///     22-43   split
///     44-63   grows with every publication, so that a CAS does not take a task for an older one in its place
///
/// The owner keeps its own view of the split in `split_`. Tasks become public when the owner publishes them, because
/// somebody begs for work (`begged_`), or when a thief does it for an owner that is too busy to look (`expose`). All
/// changes of the split are made under `lock_`; a pop, which takes no lock, and an exposing thief are ordered by an
/// asymmetric barrier as in divisible_range: the owner moves `head_` down and then reads `split_`, the thief moves
/// `split_` up and then reads `head_`.
///
/// The owner's words are written by it alone but for `begged_` and `split_`, which thieves write rarely. Slots are
/// joined in the reverse order of their pushes. A stolen slot stays occupied until its join is over: meanwhile new
/// tasks go on top.
class task_stack {
 public:
  static constexpr std::size_t most_slots = (std::size_t{1} << 22U) - 1;

  /// Room for `slots` tasks, at most `most_slots`; a push beyond says so. The memory is allocated by the first push,
  /// and touched as the stack grows.
  explicit task_stack(std::size_t slots) noexcept : room_(slots < most_slots ? slots : most_slots) {}
  task_stack(const task_stack&) = delete;
  task_stack& operator=(const task_stack&) = delete;
  ~task_stack() { ::operator delete(base_, std::align_val_t{base::cache_line}); }

  // ---- the owner

  // The next two are part of every fork: GCC leaves them out of line in large programs unless told.

  /// Adds a task on top; null if the stack is full, or there is no memory for it.
  [[nodiscard, gnu::always_inline]] stack_slot* push(stack_slot::code code, void* task,
                                                     stack_slot::word kind = stack_slot::plain) noexcept {
    stack_slot* top = head_.load(base::relaxed);  // relaxed: written by the owner only
    if (top == limit_) [[unlikely]] {
      if (top != nullptr || !try_allocate()) return nullptr;
      top = base_;
    }
    ::new (static_cast<void*>(top)) stack_slot(code, task, kind);
    // [task_stack.1] release: a thief that exposes the slot reads it.
    head_.store(top + 1, base::release);
    return top;
  }

  /// Takes the newest task back if it is private, as almost always: then the caller runs it. Else see try_take_back().
  [[nodiscard, gnu::always_inline]] bool try_pop(stack_slot* top) noexcept {
    // [task_stack.1] release: as in push().
    head_.store(top, base::release);
    base::light_barrier();
    // [task_stack.3] acquire: who exposes has ended its look at the slot, and gave it back. (That we see its split at
    // all is due to the barrier, see the class.)
    return top >= split_.load(base::acquire);
  }

  /// After try_pop() failed: true if the task was taken back all the same; false if somebody has stolen it: then the
  /// slot is occupied again until vacate().
  [[nodiscard]] bool try_take_back(stack_slot* top) noexcept {
    const std::lock_guard lock(lock_);
    if (top >= split_.load(base::relaxed)) return true;  // relaxed: written under the lock
    const std::uint32_t index = index_of(top);
    std::uint64_t seen = span_.load(base::relaxed);  // relaxed: only compared with
    while (tail_of(seen) <= index) {
      // Leaves the older half of what is public, so that thieves still find something.
      const std::uint32_t split = tail_of(seen) + (index - tail_of(seen)) / 2;
      // relaxed: takes slots away from thieves, and shows them nothing.
      if (span_.compare_exchange_weak(seen, with(seen, tail_of(seen), split), base::relaxed, base::relaxed)) {
        split_.store(base_ + split, base::relaxed);  // relaxed: written under the lock
        return true;
      }
    }
    head_.store(top + 1, base::relaxed);  // relaxed: who exposes takes the lock
    return false;
  }

  /// The stolen task on top is done: its slot is free.
  void vacate(stack_slot* top) noexcept {
    const std::lock_guard lock(lock_);
    const std::uint32_t index = index_of(top);
    // relaxed, all: tail and split are equal, so thieves find nothing; who exposes takes the lock.
    head_.store(top, base::relaxed);
    split_.store(top, base::relaxed);
    span_.store(with(span_.load(base::relaxed), index, index), base::relaxed);
  }

  /// Whether somebody looks for work. Relaxed: a hint; a stale one delays the answer.
  [[nodiscard]] bool is_begged() const noexcept { return (begged_.load(base::relaxed) & plea_bits) != 0; }
  [[nodiscard]] bool is_begged(beggars by) const noexcept {
    return (begged_.load(base::relaxed) & static_cast<std::uint8_t>(by)) != 0;
  }

  /// Forgets who has begged; to be called before publish(), for who comes later. True if somebody had who sleeps, and
  /// is forgotten.
  bool forget(beggars which) noexcept {
    constexpr auto asleep = static_cast<unsigned>(beggars::asleep);
    const auto bits = static_cast<unsigned>(which);
    const unsigned heard = (bits & asleep) != 0 ? heard_bit : 0;
    std::uint8_t seen = begged_.load(base::relaxed);
    // [task_stack.4] acquire: who is forgotten has been seen to sleep.
    while (!begged_.compare_exchange_weak(seen, static_cast<std::uint8_t>((seen & ~(bits | heard)) + one_answer),
                                          base::acquire, base::relaxed)) {
    }
    return (seen & bits & asleep) != 0;
  }

  /// The owner knows that others sleep, and calls nobody: what it has on top is too short for that, and all that it has
  /// to give. Relaxed: a hint.
  void decline_sleepers() noexcept {
    const std::uint8_t seen = begged_.load(base::relaxed);
    if ((seen & static_cast<std::uint8_t>(beggars::asleep)) == 0 || (seen & heard_bit) != 0) return;
    if (height() <= tail_of(span_.load(base::relaxed)) + 1) begged_.fetch_or(heard_bit, base::relaxed);
  }

  /// Publishes the older half of what is private, if nothing is public; a loop's rest is cut in half for it. False if
  /// there was nothing worth stealing.
  bool publish() noexcept {
    const std::lock_guard lock(lock_);
    return publish_up_to_head(cutter::owner);
  }

  /// The same, and takes the oldest of what is public then out for `thief`, on whose own stack nothing lies: it only
  /// runs the task and calls end(). Null if there was nothing worth it, or other thieves were faster.
  [[nodiscard]] stack_slot* publish_for(const void* thief) noexcept {
    const std::lock_guard lock(lock_);
    if (!publish_up_to_head(cutter::owner)) return nullptr;
    for (;;) {
      const std::uint64_t seen = span_.load(base::relaxed);  // relaxed: only compared with
      if (tail_of(seen) >= split_of(seen)) return nullptr;
      stack_slot* const taken = try_take_oldest(seen);
      if (taken == nullptr) continue;
      taken->begin(thief, 0);
      return taken;
    }
  }

  /// How many slots are occupied.
  [[nodiscard]] std::uint32_t height() const noexcept {
    return index_of(head_.load(base::relaxed));  // relaxed: written by the owner only
  }

  // ---- thieves, any thread

  /// The oldest public task; null if there is none or somebody else was faster. The caller owns the task: it calls
  /// begin(), runs it, and calls end().
  [[nodiscard]] stack_slot* try_steal() noexcept {
    return try_take_oldest(span_.load(base::relaxed));  // relaxed: only compared with
  }

  /// The same, but only a task that the owner has forked for `awaited`, which it runs: the caller, to whom that one
  /// belongs, saw `thief` in its state.
  [[nodiscard]] stack_slot* try_steal_part_of(const stack_slot& awaited, stack_slot::word thief) noexcept {
    // [task_stack.2] acquire: if what is public now was forked after the end of `awaited`, its state shows that end.
    const std::uint64_t seen = span_.load(base::acquire);
    if (tail_of(seen) < awaited.began_at || awaited.look() != thief) return nullptr;
    return try_take_oldest(seen);
  }

  /// A stolen task whose thief runs it, if there is one, and its state.
  struct stolen_part {
    const stack_slot* slot = nullptr;
    stack_slot::word state = 0;
  };

  /// The newest one that the owner has forked for `awaited`, and that has not ended; `awaited` and `thief` as above.
  /// The caller holds the lock, and until it gives that back the part is not joined, so its owner goes on with
  /// `awaited`.
  [[nodiscard]] stolen_part newest_stolen_part_of(const stack_slot& awaited, stack_slot::word thief) const noexcept {
    if (awaited.look() != thief) return {};
    // relaxed: what is below the tail leaves under the lock only.
    const std::uint32_t tail = tail_of(span_.load(base::relaxed));
    const std::uint32_t lowest = awaited.began_at;
    for (std::uint32_t index = tail; index > lowest && tail - index != most_looks;) {
      const stack_slot& part = base_[--index];
      const stack_slot::word seen = part.look();
      if (!stack_slot::is_pending(seen) && !stack_slot::has_ended(seen)) return {&part, seen};
    }
    return {};
  }

  /// Whether there may be one. Relaxed: a hint.
  [[nodiscard]] bool has_stolen_part_of(const stack_slot& awaited) const noexcept {
    return tail_of(span_.load(base::relaxed)) > awaited.began_at;
  }

  /// Asks the owner to publish something. Relaxed: a hint.
  void beg(beggars who) noexcept {
    const auto bits = static_cast<std::uint8_t>(who);
    if ((begged_.load(base::relaxed) & bits) != bits) begged_.fetch_or(bits, base::relaxed);
  }

  /// The same, by who sleeps on a stolen task and has made that known: nobody else's plea stands for it.
  void beg_asleep() noexcept {
    // [task_stack.4] release: that it sleeps.
    begged_.fetch_or(static_cast<std::uint8_t>(beggars::asleep), base::release);
  }

  /// Whether the owner has declined to call who sleeps. Relaxed: a hint.
  [[nodiscard]] bool has_declined_sleepers() const noexcept { return (begged_.load(base::relaxed) & heard_bit) != 0; }

  /// Grows with each answer of the owner to who begs, and begins anew after some. Relaxed: a hint.
  [[nodiscard]] unsigned answers() const noexcept { return begged_.load(base::relaxed) / one_answer; }

  /// Publishes for an owner that does not answer; true if something is public now.
  bool expose() noexcept {
    const std::lock_guard lock(lock_);
    return publish_up_to_head(cutter::other);
  }

  /// The same, unless somebody else is at it: true then, for something may be public.
  bool try_expose() noexcept {
    if (!lock_.try_lock()) return true;
    const bool found = publish_up_to_head(cutter::other);
    lock_.unlock();
    return found;
  }

  /// Asks for what the next looks at it read.
  void prefetch() const noexcept {
    base::prefetch(&head_);
    base::prefetch(&span_);
  }

  /// May be stale. Relaxed: who must not miss a task asks under an order of its own.
  [[nodiscard]] bool has_public() const noexcept {
    const std::uint64_t seen = span_.load(base::relaxed);
    return tail_of(seen) < split_of(seen);
  }

  /// May be stale: whether exposing could find something. Relaxed, as has_public().
  [[nodiscard]] bool has_private() const noexcept { return head_.load(base::relaxed) > split_.load(base::relaxed); }

  [[nodiscard]] base::spin_lock& lock() noexcept { return lock_; }

 private:
  // In begged_, beside who begs, which is bits 0 and 1.
  static constexpr std::uint8_t heard_bit = 4;
  static constexpr std::uint8_t plea_bits = 7;
  static constexpr std::uint8_t one_answer = 8;
  static constexpr std::uint32_t most_looks = 16;
  static constexpr unsigned index_bits = 22;
  static constexpr std::uint64_t index_mask = (std::uint64_t{1} << index_bits) - 1;
  static constexpr std::uint64_t one_publication = std::uint64_t{1} << (2 * index_bits);

  static std::uint32_t tail_of(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word & index_mask); }
  static std::uint32_t split_of(std::uint64_t word) noexcept { return tail_of(word >> index_bits); }
  static std::uint64_t with(std::uint64_t word, std::uint32_t tail, std::uint32_t split) noexcept {
    return (word & ~(one_publication - 1)) | (static_cast<std::uint64_t>(split) << index_bits) | tail;
  }

  [[nodiscard]] std::uint32_t index_of(const stack_slot* slot) const noexcept {
    return static_cast<std::uint32_t>(slot - base_);
  }

  /// The owner's first push. Thieves read `base_` only when they have seen something public.
  [[gnu::noinline]] bool try_allocate() noexcept {
    if (room_ == 0) return false;
    const std::lock_guard lock(lock_);
    base_ = static_cast<stack_slot*>(
        ::operator new(room_ * sizeof(stack_slot), std::align_val_t{base::cache_line}, std::nothrow));
    if (base_ == nullptr) return false;
    limit_ = base_ + room_;
    // relaxed, both: who exposes takes the lock.
    head_.store(base_, base::relaxed);
    split_.store(base_, base::relaxed);
    return true;
  }

  /// Takes the oldest public task, if `seen` is still so.
  stack_slot* try_take_oldest(std::uint64_t seen) noexcept {
    const std::uint32_t tail = tail_of(seen);
    if (tail >= split_of(seen)) return nullptr;
    // [task_stack.2] acquire: the slot and the task, as whoever published them saw them.
    if (!span_.compare_exchange_weak(seen, seen + 1, base::acquire, base::relaxed)) return nullptr;
    return base_ + tail;
  }

  /// The caller holds the lock, so nobody else moves the split; while tail and split are equal, nobody moves the tail.
  bool publish_up_to_head(cutter who) noexcept {
    const std::uint64_t seen = span_.load(base::relaxed);  // relaxed: only its writer is somebody who held the lock
    if (tail_of(seen) < split_of(seen)) return true;
    stack_slot* const first = split_.load(base::relaxed);  // relaxed: written under the lock
    stack_slot* last = first;
    bool worth = false;
    while (!worth) {
      stack_slot* const from = last;
      last = claim_half(from, who);
      if (last == from) break;
      for (stack_slot* slot = from; slot != last; ++slot) worth = make_stealable(*slot, who) || worth;
    }
    if (!worth) {
      // [task_stack.3] release: our looks at the slots are over.
      split_.store(first, base::release);
      return false;
    }
    // [task_stack.2] release: thieves read the slots and the tasks.
    span_.store(with(seen + one_publication, tail_of(seen), index_of(last)), base::release);
    return true;
  }

  /// Moves the owner's split over the older half of the private slots that begin at `from`, rounded up, and returns it.
  stack_slot* claim_half(stack_slot* from, cutter who) noexcept {
    stack_slot* const head = head_.load(base::relaxed);  // relaxed: the owner's own, or a thief's first guess
    if (head <= from) return from;
    stack_slot* wanted = from + (head - from + 1) / 2;
    split_.store(wanted, base::relaxed);  // relaxed: ordered by the barrier, see the class
    if (who == cutter::owner) return wanted;
    const bool known = base::heavy_barrier();
    // [task_stack.1] acquire: what the owner pushed; it may have popped what was there before, and pushed others.
    stack_slot* const head_now = head_.load(base::acquire);
    if (!known || head_now <= from) {
      wanted = from;
    } else if (head_now < wanted) {
      wanted = head_now;
    }
    split_.store(wanted, base::relaxed);  // relaxed: shrinks, so it takes nothing from the owner
    return wanted;
  }

  /// Cuts the slot's loop, if it is one that is still whole. False if nothing is in it for a thief.
  static bool make_stealable(stack_slot& slot, cutter who) noexcept {
    // relaxed, both: the slot is nobody's but the lock holder's.
    if (slot.state.load(base::relaxed) != stack_slot::divisible) return true;
    auto& loop = *static_cast<divisible_task*>(slot.task);
    const base::section cut = loop.mine.cut(who);
    if (cut.size() == 0) return false;
    loop.theirs = cut;
    slot.state.store(stack_slot::plain, base::relaxed);
    return true;
  }

  const std::size_t room_;
  stack_slot* base_ = nullptr;
  stack_slot* limit_ = nullptr;
  alignas(base::cache_line) base::atomic<stack_slot*> head_{nullptr};
  base::atomic<stack_slot*> split_{nullptr};
  base::atomic<std::uint8_t> begged_{0};
  alignas(base::cache_line) base::atomic<std::uint64_t> span_{0};
  alignas(base::cache_line) base::spin_lock lock_;  // not where others look
};

}  // namespace heddle::queue
