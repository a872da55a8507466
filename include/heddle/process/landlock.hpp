// SPDX-License-Identifier: MIT
// Takes from this process, for ever, what Landlock can take: the files and processes of others.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstdint>

#include <heddle/process/descriptor.hpp>
#include <heddle/process/sandbox_error.hpp>

namespace heddle::process {

/// What is taken besides the access to processes outside.
struct landlock_restrictions {
  bool no_network = false;
  bool read_only_filesystem = false;
};

/// The kernel's interface, which is the same on all processors. The system's header may be older than the kernel.
class landlock {
 public:
  /// The version that this kernel has; 0: it has none, or was started without. It asks and changes nothing.
  [[nodiscard]] static int version() noexcept {
    constexpr std::uint32_t ask_for_version = 1;
    const long found = ::syscall(create_ruleset_call, nullptr, 0, ask_for_version);
    return found > 0 ? static_cast<int>(found) : 0;
  }

  /// Puts the calling thread, and what it starts, into a domain of its own, as far as a kernel with `version` can. It
  /// must be unable to gain privileges. From then on:
  ///
  /// - Processes outside cannot be traced, so their memory and descriptors in /proc cannot be opened, by root either,
  ///   nor their environment without CAP_PERFMON or CAP_SYS_ADMIN. Their names and states can be read.
  /// - From version 6 on, they cannot be sent signals.
  /// - no_network: no TCP connections (from version 4), no abstract sockets (6).
  /// - read_only_filesystem: no file is opened for writing, made, removed or renamed; from version 3 on, none cut.
  /// - With version 1, and without read_only_filesystem, no file is moved or linked to another folder.
  ///
  /// What is open stays open. Throws sandbox_error.
  static void enter(const landlock_restrictions& takes, int version) {
    ruleset_attributes attributes;
    attributes.files = takes.read_only_filesystem ? writing_of(version) : something_of(version);
    if (takes.no_network && version >= 4) attributes.network = bind_tcp | connect_tcp;
    if (version >= 6) attributes.scoped = signals | (takes.no_network ? abstract_sockets : 0);
    const descriptor rules(static_cast<int>(::syscall(create_ruleset_call, &attributes, sizeof attributes, 0)));
    if (!rules.is_open())
      sandbox_error::throw_last("a sandbox needs a set of rules of Landlock, and the kernel makes none");
    if (!takes.read_only_filesystem && attributes.files != 0) allow_everywhere(rules, attributes.files);
    if (::syscall(restrict_self_call, rules.number(), 0) != 0)
      sandbox_error::throw_last("the kernel has Landlock, which a sandbox uses, and does not let this process use it");
  }

 private:
  static constexpr long create_ruleset_call = 444;
  static constexpr long add_rule_call = 445;
  static constexpr long restrict_self_call = 446;

  static constexpr std::uint64_t make_block_device = 1U << 11;
  static constexpr std::uint64_t refer = 1U << 13;
  static constexpr std::uint64_t truncate = 1U << 14;
  static constexpr std::uint64_t bind_tcp = 1U << 0;
  static constexpr std::uint64_t connect_tcp = 1U << 1;
  static constexpr std::uint64_t abstract_sockets = 1U << 0;
  static constexpr std::uint64_t signals = 1U << 1;

  /// An older kernel takes it as long as what it does not know is 0.
  struct ruleset_attributes {
    std::uint64_t files = 0;
    std::uint64_t network = 0;  // from version 4 on
    std::uint64_t scoped = 0;   // from version 6 on
  };
  struct path_rule {
    std::uint64_t allows = 0;
    std::int32_t folder = 0;
  };

  static constexpr std::uint64_t writing_of(int version) noexcept {
    constexpr std::uint64_t write_remove_and_make = 1U << 1 | 0x1ff0U;
    return write_remove_and_make | (version >= 2 ? refer : 0) | (version >= 3 ? truncate : 0);
  }

  /// A domain must be about something. Moving files to other folders is denied unless it is allowed.
  static constexpr std::uint64_t something_of(int version) noexcept {
    if (version >= 6) return 0;  // it is about signals
    return version >= 2 ? refer : make_block_device;
  }

  static void allow_everywhere(const descriptor& rules, std::uint64_t what) {
    constexpr int beneath = 1;
    const descriptor root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    const path_rule rule{what, root.number()};
    if (::syscall(add_rule_call, rules.number(), beneath, &rule, 0) != 0)
      sandbox_error::throw_last("a sandbox needs a rule of Landlock, and the kernel does not take it");
  }
};

}  // namespace heddle::process
