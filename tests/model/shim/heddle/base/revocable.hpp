// SPDX-License-Identifier: MIT
// In place of heddle/base/revocable.hpp, whose rooms are never freed. In models nobody comes when the object is gone.
#pragma once

namespace heddle::base {

template <class T>
class revocable {
 public:
  class ticket {
   public:
    explicit ticket(T& object) noexcept : object_(&object) {}
    template <class Use>
    bool try_use(const Use& use) const {
      use(*object_);
      return true;
    }
    [[nodiscard]] T* object() const noexcept { return object_; }
    [[nodiscard]] bool operator==(const ticket&) const noexcept = default;

   private:
    T* object_;
  };

  explicit revocable(T& object) noexcept : object_(object) {}
  [[nodiscard]] ticket make_ticket() const noexcept { return ticket(object_); }
  void revoke() noexcept {}
  void leave_behind() noexcept {}

 private:
  T& object_;
};

}  // namespace heddle::base
