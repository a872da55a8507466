// SPDX-License-Identifier: MIT
// What a worker was given: who takes a call out of here has it alone.
#pragma once

#include <array>
#include <cstddef>

#include <heddle/base/atomic.hpp>
#include <heddle/process/task_slots.hpp>

namespace heddle::process {

/// Calls by their numbers. Who sends puts them in; who receives takes them out when their worker has answered, or says
/// that it has: nothing that it says orders anything, and it may answer a call that is still being written to it.
template <class Call>
class given_calls {
 public:
  using sequence = task_slots::sequence;

  // ---- who sends

  /// False while the call that had the place is here, or is being read and may come back.
  [[nodiscard]] bool has_place(sequence number) const noexcept {
    if (place(number).load(base::acquire) != nullptr) return false;  // [given_calls.3] acquire: see take()
    const sequence read = read_.load(base::acquire);                 // [given_calls.4] acquire: see end_reading()
    if (read != 0 && read % task_slots::capacity == number % task_slots::capacity) return false;
    return place(number).load(base::relaxed) == nullptr;  // relaxed: if it was put back, that is seen
  }
  void put(sequence number, Call& given) noexcept {
    place(number).store(&given, base::release);  // [given_calls.1] release: what the call is
  }
  /// From before put() to end_writing() the call is read here, and must stay.
  void begin_writing(sequence number) noexcept {
    written_.store(number, base::relaxed);  // relaxed: put() publishes it
  }
  void end_writing() noexcept {
    written_.store(0, base::release);  // [given_calls.2] release: the call is not read any more
  }

  // ---- who receives

  /// Null if it is not here. Its place is kept until put_back() or end_reading().
  [[nodiscard]] Call* take(sequence number) noexcept {
    read_.store(number, base::relaxed);  // relaxed: what follows publishes it
    // [given_calls.1] acquire: see put(). [given_calls.3] release: who finds the place empty finds that it is kept.
    return place(number).exchange(nullptr, base::acq_rel);
  }
  void put_back(sequence number, Call& taken) noexcept {
    put(number, taken);
    end_reading();
  }
  void end_reading() noexcept { read_.store(0, base::release); }  // [given_calls.4] release: what was put back

  /// Of a call that was taken. Then it is put back.
  [[nodiscard]] bool is_being_written(sequence number) const noexcept {
    return written_.load(base::acquire) == number;  // [given_calls.2] acquire: see end_writing()
  }

  // ---- who knows the call

  /// False if somebody else has taken it.
  [[nodiscard]] bool try_take(sequence number, const Call& known) noexcept {
    Call* expected = const_cast<Call*>(&known);
    // relaxed: the caller knows already what the call is.
    return place(number).compare_exchange_strong(expected, nullptr, base::relaxed, base::relaxed);
  }
  /// The call, if it is here, for who keeps it from being taken and freed.
  [[nodiscard]] Call* look(sequence number) const noexcept {
    return place(number).load(base::relaxed);  // relaxed: as above
  }

 private:
  using pointer = base::atomic<Call*>;
  [[nodiscard]] pointer& place(sequence number) noexcept { return places_[number % task_slots::capacity]; }
  [[nodiscard]] const pointer& place(sequence number) const noexcept { return places_[number % task_slots::capacity]; }

  std::array<pointer, task_slots::capacity> places_{};
  base::atomic<sequence> written_{0};
  base::atomic<sequence> read_{0};
};

}  // namespace heddle::process
