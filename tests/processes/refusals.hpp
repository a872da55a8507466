// SPDX-License-Identifier: MIT
// A copy of this process to which the system refuses what it is told to, and to its fork server and its workers.
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <heddle/process/descriptor.hpp>
#include <heddle/process/message_socket.hpp>

#include "processes/process_counts.hpp"

namespace heddle_test {

enum class role : std::uint8_t { program, server, worker };

/// What is refused, in memory that the copy shares with this process.
class refusal {
 public:
  /// From now on, until lift(). Of openat(), names that begin with `path`.
  void refuse(role whom, long call, int error, std::string_view path = {}) noexcept {
    lift();
    times_ = 0;
    whom_ = whom;
    error_ = error;
    std::fill(path_.begin(), path_.end(), '\0');
    std::copy(path.begin(), path.end(), path_.begin());
    call_ = call;
  }
  void lift() noexcept { call_ = -1; }
  /// How often something was refused.
  [[nodiscard]] unsigned times() const noexcept { return times_; }

  /// For the test that fails: what has gone wrong.
  std::array<char, 512> text{};

  /// 0, or the error for this call of a process that `program` has started, or is.
  [[nodiscard]] int judge(const seccomp_notif& asked, pid_t program) noexcept {
    if (asked.data.nr != call_ || role_of(static_cast<pid_t>(asked.pid), program) != whom_) return 0;
    if (path_[0] != '\0') {
      std::array<char, 64> name{};
      iovec here{name.data(), name.size() - 1};
      iovec there{reinterpret_cast<void*>(asked.data.args[1]), name.size() - 1};
      if (::process_vm_readv(static_cast<pid_t>(asked.pid), &here, 1, &there, 1, 0) <= 0) return 0;
      if (!std::string_view(name.data()).starts_with(path_.data())) return 0;
    }
    ++times_;
    return error_;
  }

 private:
  static role role_of(pid_t thread, pid_t program) {
    std::ifstream status("/proc/" + std::to_string(thread) + "/status");
    pid_t process = 0;
    pid_t parent = 0;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Tgid:")) process = std::atoi(line.c_str() + 5);
      if (line.starts_with("PPid:")) parent = std::atoi(line.c_str() + 5);
    }
    return process == program ? role::program : parent == program ? role::server : role::worker;
  }

  std::atomic<long> call_{-1};
  std::atomic<int> error_{0};
  std::atomic<role> whom_{role::program};
  std::atomic<unsigned> times_{0};
  std::array<char, 32> path_{};
};

/// What can be refused.
constexpr std::array refusable = {
    SYS_memfd_create,   SYS_eventfd2,  SYS_socketpair,       SYS_pidfd_open, SYS_mmap,
    SYS_clone,          SYS_clone3,    SYS_openat,           SYS_epoll_ctl,  SYS_epoll_create1,
    SYS_timerfd_create, SYS_fallocate, SYS_pidfd_send_signal};

/// Asks whoever has the descriptor that it returns about each of those calls from now on; -1 where that cannot be.
inline int ask_about_calls() {
  std::vector<sock_filter> program{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (const long each : refusable) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(each), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter));
}

/// Answers until nobody is there who asks.
inline void answer_calls(int listener, refusal& rules, pid_t program) {
  for (;;) {
    pollfd asked{listener, POLLIN, 0};
    if (::poll(&asked, 1, -1) < 0 && errno != EINTR) return;
    if ((asked.revents & POLLIN) == 0) {
      if ((asked.revents & POLLHUP) != 0) return;
      continue;
    }
    seccomp_notif question{};
    if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &question) != 0) continue;  // it was killed
    seccomp_notif_resp answer{};
    answer.id = question.id;
    answer.error = -rules.judge(question, program);
    if (answer.error == 0) answer.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    ::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
  }
}

/// What became of a copy: `code` is what `run(refusal&)` returned there, -1 if it died, -2 if this system cannot
/// refuse.
struct refused_copy {
  int code = -1;
  std::string text;
};

template <class Run>
refused_copy in_a_refused_copy(const Run& run) {
  using heddle::process::descriptor;
  using heddle::process::message_socket;
  void* const shared = ::mmap(nullptr, sizeof(refusal), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return {};
  auto& rules = *new (shared) refusal;
  auto [ours, theirs] = message_socket::make_pair();
  const pid_t child = ::fork();
  if (child == 0) {
    ours = message_socket(descriptor());
    const descriptor listener(ask_about_calls());
    const int is_there = listener.is_open() ? 1 : 0;
    static_cast<void>(is_there == 1 ? theirs.send(is_there, {listener.number()}) : theirs.send(is_there));
    theirs = message_socket(descriptor());
    ::close(listener.number());
    ::_exit(is_there == 1 ? run(rules) : 0);
  }
  theirs = message_socket(descriptor());
  int is_there = 0;
  message_socket::descriptors received;
  static_cast<void>(ours.receive(is_there, received));
  if (is_there == 1) answer_calls(received[0].number(), rules, child);
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  refused_copy found{.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1, .text = rules.text.data()};
  if (is_there != 1) found.code = -2;
  ::munmap(shared, sizeof(refusal));
  return found;
}

}  // namespace heddle_test
