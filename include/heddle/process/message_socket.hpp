// SPDX-License-Identifier: MIT
// Whole messages between two processes, and descriptors with them.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>

#include <heddle/process/descriptor.hpp>

namespace heddle::process {

/// One end of a connection that keeps messages apart. Messages are trivially copyable records, all of one type in one
/// direction. What does not have the size of a record is no message.
class message_socket {
 public:
  /// How many descriptors come with a message at most.
  static constexpr std::size_t most_descriptors = 5;
  using descriptors = std::array<descriptor, most_descriptors>;

  enum class outcome : unsigned char {
    done,
    not_now,
    closed,
    incomplete,  // a record, but not all the descriptors that came with it: this process has room for no more
    garbage,
  };

  explicit message_socket(descriptor end) noexcept : end_(std::move(end)) {}

  /// Two ends that are connected. Throws std::system_error.
  static std::pair<message_socket, message_socket> make_pair() {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) throw_system_error("socketpair");
    descriptor second(ends[1]);  // owned before the first one may be moved, which may throw
    message_socket first(descriptor::made_by(ends[0], "socketpair"));
    return {std::move(first), message_socket(descriptor::made_by(second.release(), "socketpair"))};
  }

  /// Sends a record; waits while the other end is full, unless `flags` has MSG_DONTWAIT. Never raises SIGPIPE. The
  /// descriptors stay the caller's.
  template <class Record>
  [[nodiscard]] outcome send(const Record& record, std::initializer_list<int> with = {}, int flags = 0) const noexcept {
    return send(record, std::span(with.begin(), with.size()), flags);
  }
  template <class Record>
  [[nodiscard]] outcome send(const Record& record, std::span<const int> with, int flags = 0) const noexcept {
    static_assert(std::is_trivially_copyable_v<Record>);
    return send_bytes(&record, sizeof record, with, flags);
  }

  /// Receives a record, and the descriptors that come with it: closed by exec, the others are empty.
  template <class Record>
  [[nodiscard]] outcome receive(Record& record, descriptors& with, int flags = 0) const noexcept {
    static_assert(std::is_trivially_copyable_v<Record>);
    return receive_bytes(&record, sizeof record, with, flags);
  }

  [[nodiscard]] int number() const noexcept { return end_.number(); }
  [[nodiscard]] bool is_open() const noexcept { return end_.is_open(); }

 private:
  /// Room for the descriptors of a message.
  struct control {
    alignas(cmsghdr) char bytes[CMSG_SPACE(most_descriptors * sizeof(int))];
  };

  [[nodiscard]] outcome send_bytes(const void* bytes, std::size_t size, std::span<const int> with,
                                   int flags) const noexcept {
    iovec content{const_cast<void*>(bytes), size};  // sendmsg() does not write
    control room{};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    if (with.size() != 0) {
      message.msg_control = room.bytes;
      message.msg_controllen = CMSG_SPACE(with.size() * sizeof(int));
      cmsghdr* const head = CMSG_FIRSTHDR(&message);
      head->cmsg_level = SOL_SOCKET;
      head->cmsg_type = SCM_RIGHTS;
      head->cmsg_len = CMSG_LEN(with.size() * sizeof(int));
      std::memcpy(CMSG_DATA(head), with.data(), with.size_bytes());
    }
    if (retry_interrupted([&] { return ::sendmsg(end_.number(), &message, flags | MSG_NOSIGNAL); }) >= 0)
      return outcome::done;
    // The last one: too many descriptors are under way between the processes of this user.
    const bool is_full = errno == EAGAIN || errno == ENOBUFS || errno == ENOMEM || errno == ETOOMANYREFS;
    return is_full ? outcome::not_now : outcome::closed;
  }

  [[nodiscard]] outcome receive_bytes(void* bytes, std::size_t size, descriptors& with, int flags) const noexcept {
    iovec content{bytes, size};
    control room{};
    msghdr message{};
    message.msg_iov = &content;
    message.msg_iovlen = 1;
    message.msg_control = room.bytes;
    message.msg_controllen = sizeof room.bytes;
    const auto got =
        retry_interrupted([&] { return ::recvmsg(end_.number(), &message, flags | MSG_CMSG_CLOEXEC | MSG_TRUNC); });
    if (got < 0) return errno == EAGAIN ? outcome::not_now : outcome::closed;
    const bool has_all = take_descriptors(message, with) && (message.msg_flags & MSG_CTRUNC) == 0;
    if (got == 0) return outcome::closed;
    if (static_cast<std::size_t>(got) != size) return outcome::garbage;
    return has_all ? outcome::done : outcome::incomplete;
  }

  /// False if one is not there, for want of a number.
  static bool take_descriptors(msghdr& message, descriptors& with) noexcept {
    for (descriptor& each : with) each = descriptor();
    std::size_t count = 0;
    bool has_all = true;
    for (cmsghdr* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
      if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS) continue;
      const std::size_t several = (head->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (std::size_t i = 0; i < several; ++i) {
        int number = -1;
        std::memcpy(&number, CMSG_DATA(head) + i * sizeof(int), sizeof number);
        descriptor taken = descriptor::beside_streams(descriptor(number));
        has_all = has_all && taken.is_open();
        if (count < with.size()) with[count++] = std::move(taken);
      }
    }
    return has_all;
  }

  descriptor end_;
};

}  // namespace heddle::process
