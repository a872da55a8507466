// SPDX-License-Identifier: MIT
// Which system calls a worker in a sandbox is refused: the families, and why.
#pragma once

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

#include <heddle/process/newer_system_calls.hpp>
#include <heddle/process/system_call_filter.hpp>

namespace heddle::process {

/// Memory, descriptors and keys of other processes, by their numbers or by handles; and what they share by a name that
/// no file permission guards but that of the user.
inline void refuse_others_memory(system_call_filter& filter) {
  filter.refuse({SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp, SYS_get_robust_list}, EPERM);
  filter.refuse({newer_calls::pidfd_open, newer_calls::pidfd_getfd, newer_calls::pidfd_send_signal}, EPERM);
  filter.refuse({newer_calls::process_madvise, newer_calls::process_mrelease}, EPERM);
  filter.refuse({SYS_add_key, SYS_request_key, SYS_keyctl}, EPERM);
  filter.refuse({SYS_shmget, SYS_shmat, SYS_shmctl}, EPERM);
  filter.refuse({SYS_semget, SYS_semop, SYS_semctl, SYS_semtimedop}, EPERM);
  filter.refuse({SYS_msgget, SYS_msgsnd, SYS_msgrcv, SYS_msgctl}, EPERM);
}

/// Signals that a process sends, or has the kernel or the terminal send. A worker may send them to itself.
inline void refuse_signals_to_others(system_call_filter& filter, pid_t own) {
  const auto self = static_cast<std::uint32_t>(own);
  for (const int call : {SYS_kill, SYS_tkill, SYS_tgkill, SYS_rt_sigqueueinfo, SYS_rt_tgsigqueueinfo})
    filter.allow_values(call, 0, {self}, EPERM);
  filter.refuse_values(SYS_fcntl, 1, {F_SETOWN, F_SETOWN_EX, F_SETSIG}, EPERM);
  constexpr std::uint32_t set_owner_of_file = 0x8901;  // FIOSETOWN and, next, SIOCSPGRP
  constexpr std::uint32_t set_owner_of_socket = 0x8902;
  constexpr std::uint32_t of_console = 0x541c;  // TIOCLINUX, which pastes
  filter.refuse_values(
      SYS_ioctl, 1,
      {set_owner_of_file, set_owner_of_socket, of_console, TIOCSTI, TIOCSPGRP, TIOCSCTTY, TIOCSETD, TIOCCONS}, EPERM);
  // What a terminal that can be opened to read sends to who has it in the foreground, at once or when a key is pressed;
  // and what it makes of keys.
  constexpr std::uint32_t set_terminal = 0x402c542b;  // TCSETS2, and next the two that wait for output
  filter.refuse_values(SYS_ioctl, 1, {FIOASYNC, TIOCSWINSZ, TCXONC}, EPERM);
  filter.refuse_values(SYS_ioctl, 1, {TCSETS, TCSETSW, TCSETSF, TCSETA, TCSETAW, TCSETAF}, EPERM);
  filter.refuse_values(SYS_ioctl, 1, {set_terminal, set_terminal + 1, set_terminal + 2}, EPERM);
  filter.refuse_bits_with(SYS_fcntl, F_SETFL, 2, O_ASYNC, EPERM);
}

/// How others are scheduled, limited and placed. A process may ask for that of others, as pthread_getattr_np() does
/// for each thread, and change its own. It stays in its group and ends with its server.
inline void refuse_changing_others(system_call_filter& filter, pid_t own) {
  const auto self = static_cast<std::uint32_t>(own);
  for (const int call : {SYS_prlimit64, SYS_sched_setaffinity, SYS_sched_setattr, SYS_sched_setparam,
                         SYS_sched_setscheduler, SYS_migrate_pages, SYS_move_pages})
    filter.allow_values(call, 0, {0, self}, EPERM);
  constexpr std::uint32_t input_and_output_of_process = 1;
  filter.allow_values(SYS_setpriority, 0, {PRIO_PROCESS}, EPERM);
  filter.allow_values(SYS_ioprio_set, 0, {input_and_output_of_process}, EPERM);
  for (const int call : {SYS_setpriority, SYS_ioprio_set}) filter.allow_values(call, 1, {0, self}, EPERM);
  filter.refuse({SYS_setpgid, SYS_setsid}, EPERM);
  constexpr std::uint32_t share_core = 62;  // PR_SCHED_CORE
  filter.refuse_values(SYS_prctl, 0, {PR_SET_PDEATHSIG, share_core}, EPERM);
}

/// Namespaces, mounts, and parts of the kernel that are large, seldom needed and often broken into.
inline void refuse_the_system(system_call_filter& filter) {
  using newer = newer_calls;
  filter.refuse({SYS_unshare, SYS_setns, SYS_chroot, SYS_pivot_root, SYS_mount, SYS_umount2}, EPERM);
  filter.refuse({newer::open_tree, newer::open_tree_attr, newer::move_mount, newer::mount_setattr}, EPERM);
  filter.refuse({newer::fsopen, newer::fsconfig, newer::fsmount, newer::fspick}, EPERM);
  filter.refuse({newer::io_uring_setup, newer::io_uring_enter, newer::io_uring_register}, EPERM);
  filter.refuse({SYS_userfaultfd, SYS_perf_event_open, SYS_bpf, SYS_fanotify_init, SYS_open_by_handle_at}, EPERM);
  filter.refuse({SYS_swapon, SYS_swapoff, SYS_acct, SYS_quotactl, newer::quotactl_fd, SYS_syslog, SYS_reboot}, EPERM);
  filter.refuse({SYS_init_module, SYS_finit_module, SYS_delete_module, SYS_kexec_load}, EPERM);
#ifdef SYS_kexec_file_load
  filter.refuse({SYS_kexec_file_load}, EPERM);
#endif
#ifdef SYS_iopl
  filter.refuse({SYS_iopl, SYS_ioperm, SYS_modify_ldt}, EPERM);
#endif
}

/// New processes are made by clone(), whose flags can be seen: no namespaces, and no siblings, which would be children
/// of the server. clone3() has its flags in memory; without it, the C library uses clone().
inline void refuse_clone_flags(system_call_filter& filter) {
  constexpr std::uint32_t refused = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER |
                                    CLONE_NEWPID | CLONE_NEWNET | CLONE_PARENT;
  filter.refuse_bits(SYS_clone, 0, refused, EPERM);
  filter.refuse({newer_calls::clone3}, ENOSYS);
}

/// New sockets, and new ends for those that are there. What is connected stays so.
inline void refuse_network(system_call_filter& filter) {
  filter.refuse({SYS_socket, SYS_socketpair, SYS_connect, SYS_bind, SYS_listen, SYS_accept, SYS_accept4}, EPERM);
}

/// All that changes a path or what is said of a file. bind() makes a file, too, where its address is a path.
inline void refuse_changing_files(system_call_filter& filter) {
  filter.refuse({SYS_mkdirat, SYS_mknodat, SYS_symlinkat, SYS_linkat, SYS_bind, SYS_mq_open}, EROFS);
  filter.refuse({SYS_renameat2, SYS_unlinkat, SYS_mq_unlink, SYS_truncate}, EROFS);
  filter.refuse({SYS_fchmod, SYS_fchmodat, newer_calls::fchmodat2, SYS_fchown, SYS_fchownat, SYS_utimensat}, EROFS);
  filter.refuse({SYS_setxattr, SYS_lsetxattr, SYS_fsetxattr, newer_calls::setxattrat}, EROFS);
  filter.refuse({SYS_removexattr, SYS_lremovexattr, SYS_fremovexattr, newer_calls::removexattrat}, EROFS);
  filter.refuse({newer_calls::file_setattr}, EROFS);
#ifdef SYS_renameat
  filter.refuse({SYS_renameat}, EROFS);
#endif
#ifdef SYS_open  // aarch64 has only those that name a folder
  filter.refuse({SYS_mkdir, SYS_mknod, SYS_symlink, SYS_link, SYS_rename, SYS_unlink, SYS_rmdir}, EROFS);
  filter.refuse({SYS_chmod, SYS_chown, SYS_lchown, SYS_utime, SYS_utimes, SYS_futimesat}, EROFS);
#endif
  constexpr std::uint32_t set_flags = 0x40086602;       // FS_IOC_SETFLAGS
  constexpr std::uint32_t set_flags_32 = 0x40046602;    // FS_IOC32_SETFLAGS
  constexpr std::uint32_t set_attributes = 0x401c5820;  // FS_IOC_FSSETXATTR
  constexpr std::uint32_t enable_verity = 0x40806685;   // FS_IOC_ENABLE_VERITY
  filter.refuse_values(SYS_ioctl, 1, {set_flags, set_flags_32, set_attributes, enable_verity}, EROFS);
  constexpr std::uint32_t set_version = 0x40087602;             // FS_IOC_SETVERSION
  constexpr std::uint32_t set_version_32 = 0x40047602;          // FS_IOC32_SETVERSION
  constexpr std::uint32_t set_encryption = 0x800c6613;          // FS_IOC_SET_ENCRYPTION_POLICY
  constexpr std::uint32_t create_subvolume = 0x5000940e;        // BTRFS_IOC_SUBVOL_CREATE
  constexpr std::uint32_t create_subvolume_2 = 0x50009418;      // BTRFS_IOC_SUBVOL_CREATE_V2
  constexpr std::uint32_t create_snapshot = 0x50009401;         // BTRFS_IOC_SNAP_CREATE
  constexpr std::uint32_t create_snapshot_2 = 0x50009417;       // BTRFS_IOC_SNAP_CREATE_V2
  constexpr std::uint32_t set_flags_of_subvolume = 0x4008941a;  // BTRFS_IOC_SUBVOL_SETFLAGS
  constexpr std::uint32_t destroy_subvolume = 0x5000940f;       // BTRFS_IOC_SNAP_DESTROY
  constexpr std::uint32_t destroy_subvolume_2 = 0x5000943f;     // BTRFS_IOC_SNAP_DESTROY_V2
  constexpr std::uint32_t set_received = 0xc0c89425;            // BTRFS_IOC_SET_RECEIVED_SUBVOL
  constexpr std::uint32_t set_attributes_of_fat = 0x40047211;   // FAT_IOCTL_SET_ATTRIBUTES
  filter.refuse_values(SYS_ioctl, 1, {destroy_subvolume, destroy_subvolume_2, set_received, set_attributes_of_fat},
                       EROFS);
  filter.refuse_values(SYS_ioctl, 1, {set_version, set_version_32, set_encryption}, EROFS);
  filter.refuse_values(
      SYS_ioctl, 1, {create_subvolume, create_subvolume_2, create_snapshot, create_snapshot_2, set_flags_of_subvolume},
      EROFS);
}

/// Opening to write. openat2() has its flags in memory; who uses it does without where there is none.
inline void refuse_opening_to_write(system_call_filter& filter) {
  constexpr std::uint32_t writes = O_ACCMODE | O_CREAT | O_TRUNC;
  filter.refuse_bits(SYS_openat, 2, writes, EROFS);
#ifdef SYS_open
  filter.refuse_bits(SYS_open, 1, writes, EROFS);
  filter.refuse({SYS_creat}, EROFS);
#endif
  filter.refuse({newer_calls::openat2}, ENOSYS);
}

}  // namespace heddle::process
