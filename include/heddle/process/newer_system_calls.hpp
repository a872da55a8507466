// SPDX-License-Identifier: MIT
// Numbers of system calls that the headers of older systems do not name.
#pragma once

#include <cstdint>

namespace heddle::process {

/// From 424 on, all processors have the same.
struct newer_calls {
  static constexpr int pidfd_send_signal = 424;
  static constexpr int io_uring_setup = 425;
  static constexpr int io_uring_enter = 426;
  static constexpr int io_uring_register = 427;
  static constexpr int open_tree = 428;
  static constexpr int move_mount = 429;
  static constexpr int fsopen = 430;
  static constexpr int fsconfig = 431;
  static constexpr int fsmount = 432;
  static constexpr int fspick = 433;
  static constexpr int pidfd_open = 434;
  static constexpr int clone3 = 435;
  static constexpr int openat2 = 437;
  static constexpr int pidfd_getfd = 438;
  static constexpr int process_madvise = 440;
  static constexpr int mount_setattr = 442;
  static constexpr int quotactl_fd = 443;
  static constexpr int process_mrelease = 448;
  static constexpr int fchmodat2 = 452;
  static constexpr int setxattrat = 463;
  static constexpr int removexattrat = 466;
  static constexpr int open_tree_attr = 467;
  static constexpr int file_setattr = 469;

  /// All up to this one were looked at: Linux 6.18.
  static constexpr std::uint32_t newest = 469;
};

}  // namespace heddle::process
