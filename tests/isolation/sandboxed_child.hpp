// SPDX-License-Identifier: MIT
// What a child process can do, in a sandbox and without, and other processes that it can try to reach.
#pragma once

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <system_error>

#include <heddle/process/sandbox.hpp>
#include <heddle/process/system_call_filter.hpp>

namespace heddle_test {

/// What became of a child: what it returned, or the signal that ended it.
struct child_end {
  int returned = -1;
  int signal = 0;

  bool operator==(const child_end&) const = default;
  friend std::ostream& operator<<(std::ostream& out, const child_end& end) {
    if (end.signal != 0) return out << "signal " << end.signal;
    return out << end.returned << " (" << std::generic_category().message(end.returned) << ')';
  }
};

inline constexpr child_end done{0, 0};

inline child_end wait_for_child(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) throw std::runtime_error("a child is gone");
  }
  if (WIFSIGNALED(status)) return {-1, WTERMSIG(status)};
  return {WEXITSTATUS(status), 0};
}

/// What a child returns that threw something.
inline constexpr int threw = 254;

/// Calls `does()`, which returns a number below 256, in a child, which has no handlers of signals, as a worker, and is
/// killed after 20 s.
template <class Does>
child_end in_a_child(const Does& does) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child == 0) {
    for (int each = 1; each < NSIG; ++each) ::signal(each, SIG_DFL);
    ::alarm(20);
    try {
      ::_exit(does());
    } catch (...) {
      ::_exit(threw);
    }
  }
  return wait_for_child(child);
}

/// As in_a_child(), in a sandbox if there are options.
template <class Does>
child_end in_a_sandbox(const std::optional<heddle::process::sandbox_options>& options, const Does& does) {
  return in_a_child([&] {
    if (options) heddle::process::enter_sandbox(*options);
    return static_cast<int>(does());
  });
}

/// Makes this process believe that its kernel does not have the call.
inline void take_call(int call) {
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  heddle::process::system_call_filter kernel(UINT32_MAX >> 2U);
  kernel.refuse({call}, ENOSYS);
  kernel.apply();
}

inline constexpr int landlock_create_ruleset = 444;

/// 0, or what a system call that returned `result` has failed with.
inline int error_of(long result) { return result == -1 ? errno : 0; }

/// Another process of the same user, which does nothing.
class other_process {
 public:
  other_process() : number_(::fork()) {
    if (number_ < 0) throw std::runtime_error("fork failed");
    if (number_ == 0) ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (number_ == 0) ::pause();
  }
  other_process(const other_process&) = delete;
  other_process& operator=(const other_process&) = delete;
  ~other_process() {
    ::kill(number_, SIGKILL);
    ::waitpid(number_, nullptr, 0);
  }

  [[nodiscard]] pid_t number() const noexcept { return number_; }

 private:
  pid_t number_;
};

}  // namespace heddle_test
