// SPDX-License-Identifier: MIT
// An outside thread that takes part in a pool's fork-join work for a while.
#pragma once

#include <heddle/scheduling/crew.hpp>
#include <heddle/scheduling/participant.hpp>

namespace heddle::scheduling {

/// Makes the calling thread a guest of the crew for a scope. It runs only what it forked, never a submitted job. A
/// worker of another pool is itself again afterwards.
class guest_scope {
 public:
  explicit guest_scope(crew& host) noexcept : guest_(host.try_lease_guest()), outer_(participant::current::get()) {
    if (guest_ != nullptr) participant::current::set(guest_);
  }
  guest_scope(const guest_scope&) = delete;
  guest_scope& operator=(const guest_scope&) = delete;
  ~guest_scope() {
    if (guest_ == nullptr) return;
    participant::current::set(outer_);
    guest_->home.release_guest(*guest_);
  }

  /// Null if there was no room: then the caller does everything itself.
  [[nodiscard]] participant* get() const noexcept { return guest_; }

 private:
  participant* guest_;
  participant* outer_;
};

}  // namespace heddle::scheduling
