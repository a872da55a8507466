// SPDX-License-Identifier: MIT
// Refuses system calls to this process and all that it starts, for ever: a program that the kernel runs at each
// (seccomp).
#pragma once

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

#include <heddle/process/sandbox_error.hpp>

namespace heddle::process {

/// As the kernel names what this program is compiled for, whose calls have numbers of their own; 0: none that is known
/// here.
#if defined(__x86_64__) && !defined(__ILP32__)
inline constexpr std::uint32_t known_architecture = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
inline constexpr std::uint32_t known_architecture = AUDIT_ARCH_AARCH64;
#else
inline constexpr std::uint32_t known_architecture = 0;
#endif

/// Rules are added, then applied; each is one more that a call must pass. A refused call does nothing and fails with
/// the error of its rule. Of arguments the low 32 bits are looked at, which is all that the kernel takes of a number of
/// process, of flags and of commands; what a pointer points at cannot be looked at.
///
/// Calls whose arguments no rule looks at cost nothing from Linux 5.11 on, which remembers that they are allowed.
class system_call_filter {
 public:
  using numbers = std::initializer_list<int>;
  using values = std::initializer_list<std::uint32_t>;

  /// Whether this kernel has such filters. It asks and changes nothing.
  [[nodiscard]] static bool is_available() noexcept {
    const std::uint32_t action = SECCOMP_RET_ERRNO;
    return known_architecture != 0 && ::syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
  }

  /// Refuses the calls of other architectures (32-bit programs, x32) with EPERM, and with ENOSYS those that are newer
  /// than `newest`, of which nobody knows here what they do. Throws std::bad_alloc, as all that adds rules.
  explicit system_call_filter(std::uint32_t newest) {
    constexpr std::uint32_t of_x32 = 0x40000000;  // and greater
    load(offsetof(seccomp_data, arch));
    jump(BPF_JEQ, known_architecture, 1, 0);
    end(EPERM);
    load(offsetof(seccomp_data, nr));
    jump(BPF_JGE, of_x32, 0, 1);
    end(EPERM);
    jump(BPF_JGT, newest, 0, 1);
    end(ENOSYS);
  }

  void refuse(numbers calls, int error) {
    for (const int call : calls) {
      jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 1);
      end(error);
    }
  }

  /// Refuses a call whose argument has any of these bits.
  void refuse_bits(int call, unsigned argument, std::uint32_t bits, int error) {
    judge(call, argument, BPF_JSET, {bits}, what_matches::is_refused, error);
  }
  /// The same, where the argument before it is `command`.
  void refuse_bits_with(int call, std::uint32_t command, unsigned argument, std::uint32_t bits, int error) {
    jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, 6);
    load_argument(argument - 1);
    jump(BPF_JEQ, command, 0, 3);
    load_argument(argument);
    jump(BPF_JSET, bits, 0, 1);
    end(error);
    load(offsetof(seccomp_data, nr));
  }
  /// Refuses a call whose argument is one of these.
  void refuse_values(int call, unsigned argument, values refused, int error) {
    judge(call, argument, BPF_JEQ, refused, what_matches::is_refused, error);
  }
  /// Refuses a call whose argument is none of these.
  void allow_values(int call, unsigned argument, values allowed, int error) {
    judge(call, argument, BPF_JEQ, allowed, what_matches::is_allowed, error);
  }

  /// From now on, for the calling thread and what it starts. It must be unable to gain privileges. Throws
  /// sandbox_error.
  void apply() {
    program_.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    const sock_fprog program{static_cast<unsigned short>(program_.size()), program_.data()};
    const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
    program_.pop_back();
    if (result != 0)
      sandbox_error::throw_last("a sandbox needs a filter of system calls, and the kernel does not take it");
  }

 private:
  enum class what_matches : bool { is_refused, is_allowed };

  void judge(int call, unsigned argument, std::uint16_t test, values several, what_matches means, int error) {
    constexpr std::size_t others = 3;  // the first load, the end, and the second load
    jump(BPF_JEQ, static_cast<std::uint32_t>(call), 0, several.size() + others);
    load_argument(argument);
    std::size_t left = several.size();
    for (const std::uint32_t value : several) {
      --left;
      if (means == what_matches::is_refused) {
        jump(test, value, left, left == 0 ? 1 : 0);
      } else {
        jump(test, value, left + 1, 0);
      }
    }
    end(error);
    load(offsetof(seccomp_data, nr));
  }

  void load_argument(unsigned argument) {
    load(offsetof(seccomp_data, args) + argument * sizeof(std::uint64_t));  // little-endian: its low half
  }
  void load(std::size_t offset) {
    program_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
  }
  /// Goes on so many instructions after the next one.
  void jump(std::uint16_t test, std::uint32_t value, std::size_t if_true, std::size_t if_false) {
    const auto code = static_cast<std::uint16_t>(BPF_JMP | BPF_K | test);
    program_.push_back({code, static_cast<std::uint8_t>(if_true), static_cast<std::uint8_t>(if_false), value});
  }
  void end(int error) {
    program_.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error)));
  }

  std::vector<sock_filter> program_;
};

}  // namespace heddle::process
