// SPDX-License-Identifier: MIT
// The double-ended queue of one worker: the worker pushes and pops at one end, everybody else steals at the other.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>

namespace heddle::queue {

/// What a look at the other end of a deque gave. Null with `lost_race`: somebody else took that element, and there may
/// be more. A thief had better try another victim then, and must not take this one for empty and go to sleep.
template <class T>
struct steal_result {
  T* element = nullptr;
  bool lost_race = false;
};

/// The deque of Chase and Lev ("Dynamic circular work-stealing deque", SPAA 2005), with the orders of Lê, Pop, Cohen
/// and Zappa Nardelli ("Correct and efficient work-stealing for weak memory models", PPoPP 2013), whose fences are
/// orders of the operations here. It holds pointers and owns nothing but its memory.
///
/// Elements have indices, and the elements inside are those from `top_` up to `bottom_`. Element i lies in slot i
/// modulo the capacity of the newest ring.
///
/// `top_`     goes up only, by a CAS from i to i + 1: whoever makes it owns element i.
/// `bottom_`  the owner alone writes it. Pushing raises it. Popping lowers it by one, and only then looks at `top_`: if
///            that is below, the element is the owner's without a CAS, else the last element is raced for at `top_`.
/// `ring_`    the owner alone writes it, when all slots are taken. Smaller rings are read by late thieves, so they stay
///            until the deque ends, chained by `older`; together they are smaller than the newest. So a deque keeps the
///            memory of its greatest size: one that once held 10 million elements keeps 256 MiB.
/// A slot     the owner alone writes it, and not before `top_` has left the index that it had. A thief that reads a
///            slot too late, or in an old ring, fails at its CAS.
///
/// That nobody takes an element twice: a thief reads `top_`, then `bottom_`; the owner writes `bottom_`, then reads
/// `top_`. These four are seq_cst, so if the thief misses what the owner wrote, the owner sees at least the `top_` that
/// the thief saw, and goes for the CAS if the thief goes for the same element. (Orders below seq_cst would suffice if
/// the owner's read were a read-modify-write; that takes the line of `top_` away from all thieves at every pop.)
///
/// Nothing is allocated before the first push: many a worker never pushes.
template <class T, std::size_t FirstCapacity = 256>
class work_stealing_deque {
  static_assert(std::has_single_bit(FirstCapacity), "a ring is indexed by a mask: make FirstCapacity a power of two");

 public:
  work_stealing_deque() noexcept = default;
  work_stealing_deque(const work_stealing_deque&) = delete;
  work_stealing_deque& operator=(const work_stealing_deque&) = delete;

  /// Alone, as all destructors. Elements still inside are left alone.
  ~work_stealing_deque() {
    ring* freed = ring_.load(base::relaxed);  // relaxed: nobody else is here
    while (freed != nullptr) {
      ring* const older = freed->older;
      delete freed;
      freed = older;
    }
  }

  /// Adds the newest element. Throws std::bad_alloc, and the deque is as before, if it is full and cannot grow. The
  /// owner only.
  void push(T& added) {
    const index end = bottom_.load(base::relaxed);  // relaxed: the owner writes it
    if (end - top_seen_ >= capacity_) make_room(end, 1);
    put(end, &added);
    publish(end + 1);
  }

  /// Adds all of elements[0, count), the last one as the newest, all or none; else as push(). Thieves see them at once.
  void push_batch(T* const* elements, std::size_t count) {
    const index end = bottom_.load(base::relaxed);  // relaxed: the owner writes it
    if (end - top_seen_ + count > capacity_) make_room(end, count);
    for (std::size_t i = 0; i < count; ++i) put(end + i, elements[i]);
    publish(end + count);
  }

  /// Makes room for `count` more, so that pushing them cannot fail; false if memory ends. The owner only.
  [[nodiscard]] bool try_reserve(std::size_t count) noexcept {
    const index end = bottom_.load(base::relaxed);  // relaxed: the owner writes it
    try {
      if (end - top_seen_ + count > capacity_) make_room(end, count);
      return true;
    } catch (...) {
      return false;
    }
  }

  /// The newest element, or null when there is none. The owner only.
  [[nodiscard]] T* try_pop() noexcept {
    const index end = bottom_.load(base::relaxed);  // relaxed: the owner writes it
    if (end == top_seen_) return nullptr;
    const index newest = end - 1;
    // [work_stealing_deque.2] seq_cst: before the load of top_. An exchange, because a store may become a store and an
    //   mfence, which costs seven times as much.
    bottom_.exchange(newest, base::seq_cst);
    // [work_stealing_deque.2] seq_cst: a thief that has not seen the line above has read no later top_ than we do here.
    const index oldest = top_.load(base::seq_cst);
    if (oldest < newest) return at(newest);
    return try_pop_last(oldest, newest);
  }

  /// Takes out `element`, which must not have ended, if it is the newest. The owner only.
  [[nodiscard]] bool try_take_out(const T& element) noexcept {
    const index end = bottom_.load(base::relaxed);  // relaxed: the owner writes it
    if (end == top_seen_ || at(end - 1) != &element) return false;
    return try_pop() != nullptr;  // it, or nothing, if a thief was faster
  }

  /// The oldest element, if it is there and nobody else is faster. Any thread, the owner too.
  [[nodiscard]] steal_result<T> try_steal() noexcept {
    // [work_stealing_deque.2] seq_cst: before the load of bottom_; and acquires what whoever moved top_ there knew of
    // it.
    const index oldest = top_.load(base::seq_cst);
    // [work_stealing_deque.2] seq_cst: either we see that the owner is popping, or it sees the top_ that we saw.
    // [work_stealing_deque.1] and acquire: the element, and what its owner wrote before it pushed it.
    if (oldest >= bottom_.load(base::seq_cst)) return {};
    // [work_stealing_deque.3] acquire: a ring that is newer than bottom_ is here with all that it holds.
    T* const element = ring_.load(base::acquire)->at(oldest);
    if (!try_advance_top(oldest)) return {.lost_race = true};
    return {.element = element};
  }

  /// May be stale. Relaxed: who must not miss an element looks again after event_count::prepare_wait().
  [[nodiscard]] std::size_t size_hint() const noexcept {
    const index oldest = top_.load(base::relaxed);
    const index end = bottom_.load(base::relaxed);
    return end > oldest ? static_cast<std::size_t>(end - oldest) : 0;
  }
  [[nodiscard]] bool empty_hint() const noexcept { return size_hint() == 0; }

 private:
  using index = std::uint64_t;
  using slot = base::atomic<T*>;

  struct ring {
    ring(std::size_t capacity, ring* its_older) : mask(capacity - 1), slots(new slot[capacity]), older(its_older) {}
    ring(const ring&) = delete;
    ring& operator=(const ring&) = delete;
    ~ring() { delete[] slots; }

    /// Relaxed: whoever sees the index in bottom_, or the ring, sees the slot; and it is nobody's before the CAS.
    [[nodiscard]] T* at(index i) const noexcept { return slots[i & mask].load(base::relaxed); }

    std::size_t mask;
    slot* slots;
    ring* older;
  };

  // The owner's view of the newest ring, without its line.
  [[nodiscard]] T* at(index i) const noexcept { return slots_[i & (capacity_ - 1)].load(base::relaxed); }  // own stores
  void put(index i, T* element) noexcept {
    slots_[i & (capacity_ - 1)].store(element, base::relaxed);  // relaxed: publish() releases it
  }

  void publish(index end) noexcept {
    // [work_stealing_deque.1] release: a thief that sees the new end sees the elements below it.
    bottom_.store(end, base::release);
  }

  /// One winner for each `oldest`.
  bool try_advance_top(index oldest) noexcept {
    // [work_stealing_deque.2] seq_cst: a load of top_ by a thief that sees it brings the owner's stores to bottom_.
    // [work_stealing_deque.4] and release: our read of the slot comes before the owner overwrites it.
    // relaxed on failure: nothing is read then.
    return top_.compare_exchange_strong(oldest, oldest + 1, base::seq_cst, base::relaxed);
  }

  /// `bottom_` is `newest` and not above `oldest`: the last element, if it is still there, is raced for.
  T* try_pop_last(index oldest, index newest) noexcept {
    T* const last = oldest == newest && try_advance_top(oldest) ? at(newest) : nullptr;
    top_seen_ = newest + 1;  // whoever took the last element
    // [work_stealing_deque.1] release: nothing is added; but a thief that sees this value instead of the push's must
    //   see what that released.
    bottom_.store(newest + 1, base::release);
    return last;
  }

  /// Makes slots for `count` more elements than there are.
  [[gnu::noinline]] void make_room(index end, std::size_t count) {
    // [work_stealing_deque.4] acquire: those who took the elements below have read their slots, which may be
    // overwritten.
    top_seen_ = top_.load(base::acquire);
    const auto needed = static_cast<std::size_t>(end - top_seen_) + count;
    if (needed > capacity_) grow(end, needed);
  }

  void grow(index end, std::size_t needed) {
    std::size_t capacity = capacity_ == 0 ? FirstCapacity : 2 * capacity_;
    while (capacity < needed) capacity *= 2;
    auto* const grown = new ring(capacity, ring_.load(base::relaxed));  // relaxed: the owner writes it
    for (index i = top_seen_; i != end; ++i) {
      grown->slots[i & grown->mask].store(at(i), base::relaxed);  // relaxed: the line below releases it
    }
    ring_.store(grown, base::release);  // [work_stealing_deque.3] release: the ring and what was copied into it
    slots_ = grown->slots;
    capacity_ = capacity;
  }

  // Thieves read both together and write the first.
  alignas(base::cache_line) base::atomic<index> top_{0};
  base::atomic<ring*> ring_{nullptr};

  // The owner writes these; thieves read the first.
  alignas(base::cache_line) base::atomic<index> bottom_{0};
  index top_seen_ = 0;  // what the owner last read of top_, which is not below it
  slot* slots_ = nullptr;
  std::size_t capacity_ = 0;
};

}  // namespace heddle::queue
