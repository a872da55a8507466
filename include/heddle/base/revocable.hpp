// SPDX-License-Identifier: MIT
// A pointer that others keep without keeping its object alive: it is revoked before the object goes.
#pragma once

#include <cstdint>
#include <mutex>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/base/cpu.hpp>
#include <heddle/base/nap.hpp>
#include <heddle/base/spin_lock.hpp>

namespace heddle::base {

/// Belongs to an object. Its tickets cost nothing to copy, may outlive it and lead nowhere then: no count is kept of
/// them. The rooms they lead through are never freed, but used again with another number.
///
/// `word` of a room: the low half counts who is inside, the high half is its number, which revoke() raises.
template <class T>
class revocable {
  struct room {
    atomic<std::uint64_t> word{0};
    T* object = nullptr;
    room* next_free = nullptr;
  };

 public:
  class ticket {
   public:
    /// Calls `use(object)`, and the object stays for so long; false if it is about to go, or gone.
    template <class Use>
    bool try_use(const Use& use) const {
      std::uint64_t seen = room_->word.load(relaxed);  // relaxed: only compared with
      do {
        if (number_of(seen) != number_) return false;
        // relaxed: who gave this ticket away has ordered what the object was then.
      } while (!room_->word.compare_exchange_weak(seen, seen + 1, relaxed, relaxed));
      const visit inside{*room_};
      use(*room_->object);
      return true;
    }

    /// The object, for who knows that it is still there.
    [[nodiscard]] T* object() const noexcept { return room_->object; }

    [[nodiscard]] bool operator==(const ticket&) const noexcept = default;

   private:
    friend class revocable;
    ticket(room* leads_through, std::uint32_t number) noexcept : room_(leads_through), number_(number) {}
    struct visit {
      room& visited;
      ~visit() {
        visited.word.fetch_sub(1, release);  // [revocable.1] release: revoke() acquires what was done with the object
      }
    };

    room* room_;
    std::uint32_t number_;
  };

  /// Throws std::bad_alloc.
  explicit revocable(T& object) : room_(new_or_free()) { room_->object = &object; }
  revocable(const revocable&) = delete;
  revocable& operator=(const revocable&) = delete;
  ~revocable() { revoke(); }

  [[nodiscard]] ticket make_ticket() const noexcept {
    return {room_, number_of(room_->word.load(relaxed))};  // relaxed: only the owner changes the number
  }

  /// From now on tickets lead nowhere. Waits for those that use the object; they are not to wait for this thread.
  void revoke() noexcept {
    if (room_ == nullptr) return;
    room_->word.fetch_add(one_number, relaxed);  // relaxed: what counts is the order of changes of the word
    // [revocable.1] acquire: see ticket::try_use(); the other decrements are in the same release sequence.
    for (unsigned polls = 0; static_cast<std::uint32_t>(room_->word.load(acquire)) != 0; ++polls) {
      polls < longest_spin ? pause() : nap(nap_length);
    }
    const std::lock_guard lock(free_rooms().lock);
    room_->next_free = std::exchange(free_rooms().first, room_);
    room_ = nullptr;
  }

  /// In the child of a fork(), where those that were inside will never leave.
  void leave_behind() noexcept { room_ = nullptr; }

 private:
  static constexpr std::uint64_t one_number = std::uint64_t{1} << 32U;
  static constexpr unsigned longest_spin = 64;
  static constexpr unsigned nap_length = 50;  // microseconds

  struct free_list {
    spin_lock lock;
    room* first = nullptr;
  };
  static free_list& free_rooms() noexcept {
    static constinit free_list all;
    return all;
  }

  static std::uint32_t number_of(std::uint64_t word) noexcept { return static_cast<std::uint32_t>(word >> 32U); }

  static room* new_or_free() {
    {
      const std::lock_guard lock(free_rooms().lock);
      if (free_rooms().first != nullptr) return std::exchange(free_rooms().first, free_rooms().first->next_free);
    }
    return new room;
  }

  room* room_;
};

}  // namespace heddle::base
