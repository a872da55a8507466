// SPDX-License-Identifier: MIT
// The workers that pools have ordered, and what is to be told of them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include <heddle/process/child.hpp>
#include <heddle/process/message_socket.hpp>
#include <heddle/process/report_box.hpp>
#include <heddle/process/server_messages.hpp>

namespace heddle::process {

/// Orders are sent in the order in which they came, to one server and then to the next. One thread at a time.
class order_book {
 public:
  /// Whoever has ordered holds the descriptors until forget(), and hears of it in `box`. Throws std::bad_alloc.
  [[nodiscard]] serial_number add(spawn_order what, std::span<const int> given, report_box& box) {
    what.serial = last_serial_ + 1;
    entry made{.what = what, .box = &box};
    made.count = std::min(given.size(), made.given.size());
    std::copy_n(given.begin(), made.count, made.given.begin());
    orders_.emplace(what.serial, made);
    return ++last_serial_;
  }

  void forget(serial_number serial) noexcept {
    const auto found = orders_.find(serial);
    if (found == orders_.end()) return;
    note_answer(found->second);
    orders_.erase(found);
  }

  /// Whether there is an order that no server has got.
  [[nodiscard]] bool has_unsent() const noexcept { return first_unsent() != orders_.end(); }
  /// Whether the server has an order of which it has said nothing.
  [[nodiscard]] bool has_unanswered() const noexcept { return unanswered_ != 0; }

  /// Sends what was not sent, with `send(order, descriptors)`, as long as that is `done`. Returns what it was last.
  template <class Send>
  message_socket::outcome send(const Send& send) {
    for (auto each = first_unsent(); each != orders_.end(); ++each) {
      entry& order = each->second;
      const auto outcome = send(order.what, std::span<const int>(order.given).first(order.count));
      if (outcome != message_socket::outcome::done) return outcome;
      last_sent_ = each->first;
      order.is_unanswered = true;
      ++unanswered_;
    }
    return message_socket::outcome::done;
  }

  /// Hands on what a server has said of an order.
  void deliver(const server_report& report, process_handle started) noexcept {
    const auto found = orders_.find(report.serial);
    if (found == orders_.end()) return;
    note_answer(found->second);
    found->second.box->put(report, std::move(started));
  }

  /// The server is gone: those that it has got are lost.
  void lose_sent() noexcept { tell_all(orders_.begin(), first_unsent(), {.what = server_report::kind::lost}); }
  /// There is no server to send the others to: `what` has become of them.
  void drop_unsent(server_report what) noexcept {
    tell_all(first_unsent(), orders_.end(), what);
    last_sent_ = last_serial_;
  }

  /// All who have ordered anything are to look what there is to be watched.
  void kick_all() const noexcept {
    const report_box* last = nullptr;
    for (const auto& [serial, order] : orders_) {
      if (order.box != last) order.box->kick();
      last = order.box;
    }
  }

 private:
  struct entry {
    spawn_order what;
    std::array<int, message_socket::most_descriptors> given{};
    std::size_t count = 0;
    report_box* box = nullptr;
    bool is_unanswered = false;  // by the server that has got it
  };
  using entries = std::map<serial_number, entry>;

  [[nodiscard]] entries::const_iterator first_unsent() const noexcept { return orders_.upper_bound(last_sent_); }
  [[nodiscard]] entries::iterator first_unsent() noexcept { return orders_.upper_bound(last_sent_); }

  void note_answer(entry& order) noexcept {
    if (std::exchange(order.is_unanswered, false)) --unanswered_;
  }

  void tell_all(entries::iterator from, entries::iterator to, server_report what) noexcept {
    for (; from != to; ++from) {
      note_answer(from->second);
      what.serial = from->first;
      from->second.box->put(what, {});
    }
  }

  entries orders_;
  std::size_t unanswered_ = 0;
  serial_number last_serial_ = 0;
  serial_number last_sent_ = 0;
};

}  // namespace heddle::process
