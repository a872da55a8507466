// SPDX-License-Identifier: MIT
// A list that is linked through its elements, from which each can leave without knowing the list.
#pragma once

#include <utility>

namespace heddle::coro {

/// A place in a list, which is a ring: its head is a link too, and alone when the list is empty.
class list_link {
 public:
  list_link() noexcept = default;
  list_link(const list_link&) = delete;
  list_link& operator=(const list_link&) = delete;

  [[nodiscard]] bool alone() const noexcept { return next_link_ == this; }
  [[nodiscard]] list_link& following() const noexcept { return *next_link_; }

  /// Puts `added`, which is alone, before this link: at the end of the list whose head this is.
  void insert(list_link& added) noexcept {
    added.next_link_ = this;
    added.previous_link_ = std::exchange(previous_link_, &added);
    added.previous_link_->next_link_ = &added;
  }

  /// Takes over the list of `head`, which is then alone. This link must be alone.
  void take(list_link& head) noexcept {
    head.insert(*this);
    head.leave();
  }

  void leave() noexcept {
    next_link_->previous_link_ = previous_link_;
    previous_link_->next_link_ = next_link_;
    next_link_ = previous_link_ = this;
  }

 private:
  list_link* next_link_ = this;
  list_link* previous_link_ = this;
};

}  // namespace heddle::coro
