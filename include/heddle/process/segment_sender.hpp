// SPDX-License-Identifier: MIT
// The program's side of the memory that a worker gets to see.
#pragma once

#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_set>
#include <utility>
#include <vector>

#include <heddle/base/fork_count.hpp>
#include <heddle/process/channel_memory.hpp>
#include <heddle/process/message_socket.hpp>
#include <heddle/process/message_writer.hpp>
#include <heddle/process/segment_names.hpp>
#include <heddle/process/segment_notice.hpp>
#include <heddle/process/shared_segment.hpp>
#include <heddle/process/worker_channel.hpp>

namespace heddle::process {

/// Sends a worker the segments that its calls name, each once, and says when they are gone. Any thread. A segment knows
/// its senders, so this may outlive the worker: close() is its end.
class segment_sender final : public segment_holder,
                             public segment_recipient,
                             public std::enable_shared_from_this<segment_sender> {
 public:
  /// Throws std::system_error.
  explicit segment_sender(channel_memory& shared) : segment_sender(shared, message_socket::make_pair()) {}

  /// The worker's end, until it was sent.
  [[nodiscard]] int end_of_worker() const noexcept { return end_of_worker_.number(); }
  void close_end_of_worker() noexcept { end_of_worker_ = message_socket(descriptor()); }

  /// The worker has the segment when it gets the call that is about to be written. Throws no_room where it has to read
  /// other notices first, worker_is_lost where it has closed its end, and std::bad_alloc.
  void send(const std::shared_ptr<shared_segment>& segment) override {
    const std::lock_guard lock(mutex_);
    if (known_.contains(segment->id())) return;
    if (!late_.empty()) try_send_late();
    if (!late_.empty()) throw_refused();
    segment->add_holder(weak_from_this());
    const auto [added, is_new] = known_.insert(segment->id());
    if (try_send({.id = segment->id(),
                  .size = segment->bytes().size(),
                  .what = segment->is_constant() ? segment_notice::kind::constant : segment_notice::kind::shared},
                 {segment->number()}))
      return;
    known_.erase(added);
    throw_refused();
  }

  /// The worker unmaps it, now or when it gets to it.
  void forget(std::uint64_t id) noexcept override {
    if (made_in_ != base::fork_count()) return;  // the worker is the parent's
    const std::lock_guard lock(mutex_);
    if (shared_ == nullptr || known_.erase(id) == 0) return;
    try {
      late_.push_back({.id = id, .what = segment_notice::kind::gone});
    } catch (...) {
      return;  // it keeps it mapped until it ends
    }
    try_send_late();
  }

  /// What there was no room for in the socket, when the worker says that there is.
  void send_late() noexcept {
    const std::lock_guard lock(mutex_);
    if (shared_ != nullptr && !late_.empty()) try_send_late();
  }

  /// The worker is gone, or nobody sends it anything any more.
  void close() noexcept {
    const std::lock_guard lock(mutex_);
    shared_ = nullptr;
    socket_ = message_socket(descriptor());
  }

 private:
  segment_sender(channel_memory& shared, std::pair<message_socket, message_socket> ends)
      : shared_(&shared), socket_(std::move(ends.first)), end_of_worker_(std::move(ends.second)) {
    ::shutdown(socket_.number(), SHUT_RD);  // nothing that a worker sends is read
  }

  void try_send_late() noexcept {
    const auto send = [this] {
      while (!late_.empty() && try_send(late_.back())) late_.pop_back();
    };
    send();
    if (!late_.empty()) {
      // Either there is room now, or the worker, which makes it, sees this afterwards: the socket orders them.
      shared_->has_late_notices.store(1, base::relaxed);
      send();
    }
    if (shared_->of_worker.ring() == channel_memory::somebody) shared_->of_worker.wake();
  }

  /// What was not sent.
  [[noreturn]] void throw_refused() const {
    if (is_closed_) throw worker_is_lost();
    throw no_room();
  }

  [[nodiscard]] bool try_send(const segment_notice& notice, std::initializer_list<int> with = {}) noexcept {
    const auto outcome = socket_.send(notice, with, MSG_DONTWAIT);
    is_closed_ = outcome == message_socket::outcome::closed;
    if (outcome != message_socket::outcome::done) return false;
    shared_->notices.fetch_add(1, base::relaxed);  // relaxed: a call that follows, or the bell, orders it
    return true;
  }

  const std::uint32_t made_in_ = base::fork_count();
  std::mutex mutex_;
  channel_memory* shared_;
  message_socket socket_;
  message_socket end_of_worker_;
  std::unordered_set<std::uint64_t> known_;  // to the worker
  std::vector<segment_notice> late_;         // there was no room in the socket
  bool is_closed_ = false;                   // the worker has closed its end
};

}  // namespace heddle::process
