// SPDX-License-Identifier: MIT
// Memory in blocks of one size, kept by each thread and given back to the thread it came from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <new>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/poison.hpp>
#include <heddle/base/spin_lock.hpp>

namespace heddle::base {

/// The blocks of one thread at a time. A block that is freed where it was allocated costs a load and a store each way.
/// One that another thread frees joins a chain there, and the chain goes back to the owner's inbox when it has 64
/// blocks, when a block of another owner comes, or when the thread ends: so a producer and a consumer touch a common
/// line once in 64 blocks.
///
/// A cache outlives its thread: it waits in `idle()` for the next thread that needs one. Its slabs are never returned
/// to the system, so a program keeps the memory of the greatest number of blocks that it had at a time.
///
/// `inbox_`  any thread pushes a chain, the owner takes all (Treiber's stack, drained at once: no ABA problem).
/// the rest  the thread whose `current` it is. From one such thread to the next, the lock of the idle list orders it.
template <std::size_t BlockSize>
class basic_block_cache {
 public:
  static constexpr std::size_t block_size = BlockSize;

  basic_block_cache() noexcept = default;
  basic_block_cache(const basic_block_cache&) = delete;
  basic_block_cache& operator=(const basic_block_cache&) = delete;

  /// A block of `block_size` bytes, aligned to its size. Throws std::bad_alloc. Any thread.
  [[nodiscard]] static void* allocate() {
    basic_block_cache* const mine = current::get();
    if (mine == nullptr) [[unlikely]]
      return allocate_without_own();
    return mine->take();
  }

  /// Any thread, whoever allocated the block.
  static void deallocate(void* memory) noexcept {
    basic_block_cache* const mine = current::get();
    basic_block_cache* const owner = slab_of(memory).owner;
    auto* const freed = ::new (memory) block{nullptr};
    poison(freed + 1, block_size - sizeof(block));
    if (owner == mine) [[likely]] {
      freed->next = std::exchange(mine->free_, freed);
    } else {
      give_back(mine, *owner, *freed);
    }
  }

  /// In the child of a fork(), by its only thread: who held the lock is not there. Each write under it leaves the list
  /// whole; the caches of threads that are not there are lost.
  static void after_fork() noexcept { ::new (&idle().lock) spin_lock; }

 private:
  using current = per_thread_pointer<basic_block_cache, basic_block_cache>;

  static constexpr std::size_t slab_size = 256U << 10U;
  static constexpr unsigned chain_length = 64;

  struct block {
    block* next;
  };

  /// Lies at the start of a slab. The slab is aligned to its size, so every block finds it.
  struct slab {
    basic_block_cache* owner;
    slab* older;
  };
  static_assert(sizeof(slab) <= block_size && slab_size % block_size == 0);

  /// Blocks of one owner that this thread has freed, newest first.
  struct chain {
    basic_block_cache* owner = nullptr;
    block* first = nullptr;
    block* last = nullptr;
    unsigned length = 0;
  };

  static slab& slab_of(void* memory) noexcept {
    const auto address = reinterpret_cast<std::uintptr_t>(memory);
    return *reinterpret_cast<slab*>(address & ~std::uintptr_t{slab_size - 1});
  }

  void* take() {
    if (free_ == nullptr) [[unlikely]]
      refill();
    block* const taken = std::exchange(free_, free_->next);
    unpoison(taken, block_size);
    return taken;
  }

  // ---- the owner's slow half

  [[gnu::noinline]] void refill() {
    if (inbox_.load(relaxed) != nullptr) {  // relaxed: the exchange acquires
      // [block_cache.1] acquire: what those who freed the blocks did with them.
      free_ = inbox_.exchange(nullptr, acquire);
      return;
    }
    if (uncarved_ == uncarved_end_) add_slab();
    // A page at a time, so that nothing is touched that is not needed; in order of address.
    block** end = &free_;
    for (unsigned i = 0; i < chain_length && uncarved_ != uncarved_end_; ++i, uncarved_ += block_size) {
      *end = ::new (static_cast<void*>(uncarved_)) block{nullptr};
      end = &(*end)->next;
    }
  }

  void add_slab() {
    void* const memory = ::operator new(slab_size, std::align_val_t{slab_size});
    slabs_ = ::new (memory) slab{this, slabs_};
    uncarved_ = static_cast<std::byte*>(memory) + block_size;
    uncarved_end_ = static_cast<std::byte*>(memory) + slab_size;
  }

  // ---- blocks of others

  [[gnu::noinline]] static void give_back(basic_block_cache* mine, basic_block_cache& owner, block& freed) noexcept {
    if (mine == nullptr) mine = try_adopt();
    if (mine == nullptr) return owner.receive({.owner = &owner, .first = &freed, .last = &freed, .length = 1});
    if (mine == &owner) {  // it was idle, and is this thread's now
      freed.next = std::exchange(mine->free_, &freed);
      return;
    }
    mine->collect(owner, freed);
  }

  void collect(basic_block_cache& owner, block& freed) noexcept {
    if (outgoing_.owner != &owner) {
      send_outgoing();
      outgoing_ = {.owner = &owner, .first = nullptr, .last = &freed, .length = 0};
    }
    freed.next = std::exchange(outgoing_.first, &freed);
    if (++outgoing_.length == chain_length) send_outgoing();
  }

  void send_outgoing() noexcept {
    const chain sent = std::exchange(outgoing_, {});
    if (sent.owner != nullptr) sent.owner->receive(sent);
  }

  void receive(const chain& received) noexcept {
    block* newest = inbox_.load(relaxed);  // relaxed: only compared with
    do {
      received.last->next = newest;
      // [block_cache.1] release: refill() takes the blocks.
    } while (!inbox_.compare_exchange_weak(newest, received.first, release, relaxed));
  }

  // ---- threads come and go

  struct idle_list {
    spin_lock lock;
    basic_block_cache* first = nullptr;
  };
  static idle_list& idle() noexcept {
    static constinit idle_list all;
    return all;
  }

  static basic_block_cache* new_or_idle() {
    {
      const std::lock_guard lock(idle().lock);
      if (idle().first != nullptr) return std::exchange(idle().first, idle().first->next_idle_);
    }
    return new basic_block_cache;
  }
  void become_idle() noexcept {
    send_outgoing();
    const std::lock_guard lock(idle().lock);
    next_idle_ = std::exchange(idle().first, this);
  }

  /// At the end of a thread. Objects of the thread that end still later do without a cache of their own.
  struct leaver {
    ~leaver() {
      has_left = true;
      basic_block_cache* const left = current::get();
      current::set(nullptr);
      if (left != nullptr) left->become_idle();
    }
    static inline constinit thread_local bool has_left = false;
  };

  /// A cache for the calling thread until it ends; null if it is about to, or if memory ends.
  static basic_block_cache* try_adopt() noexcept {
    if (leaver::has_left) return nullptr;
    try {
      current::set(new_or_idle());
    } catch (...) {
      return nullptr;
    }
    static thread_local leaver at_end;
    static_cast<void>(at_end);
    return current::get();
  }

  [[gnu::noinline]] static void* allocate_without_own() {
    if (basic_block_cache* const mine = try_adopt()) return mine->take();
    basic_block_cache* const borrowed = new_or_idle();
    void* const taken = borrowed->try_take();
    borrowed->become_idle();
    return taken != nullptr ? taken : throw std::bad_alloc();
  }

  void* try_take() noexcept {
    try {
      return take();
    } catch (...) {
      return nullptr;
    }
  }

  block* free_ = nullptr;
  std::byte* uncarved_ = nullptr;
  std::byte* uncarved_end_ = nullptr;
  slab* slabs_ = nullptr;  // so that leak checkers find them
  chain outgoing_;
  basic_block_cache* next_idle_ = nullptr;
  alignas(cache_line) atomic<block*> inbox_{nullptr};
};

using block_cache = basic_block_cache<64>;
using large_block_cache = basic_block_cache<128>;

}  // namespace heddle::base
