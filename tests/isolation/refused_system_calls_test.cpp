// SPDX-License-Identifier: MIT
// Each system call that a sandbox refuses does something without it, and nothing with it.
#include <heddle/process/refused_system_calls.hpp>

#include <fcntl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <iterator>
#include <optional>
#include <string>
#include <type_traits>

#include <heddle/process/child.hpp>
#include <heddle/process/sandbox.hpp>
#include <support/catch.hpp>
#include <support/temporary_tree.hpp>

#include "isolation/sandboxed_child.hpp"

using heddle::process::newer_calls;
using heddle::process::process_handle;
using heddle::process::sandbox_options;
using heddle_test::child_end;
using heddle_test::done;
using heddle_test::error_of;
using heddle_test::in_a_sandbox;
using heddle_test::other_process;

namespace {

/// What attempts are about; children inherit it.
struct reachable {
  pid_t other = 0;
  int handle_of_other = -1;
  int socket = -1;
};
reachable reached;

constexpr int no_descriptor = -1;
constexpr long high_half = 1L << 32;

struct attempt {
  const char* name;
  long (*make)();
  /// It is done without a sandbox. Else it fails for a reason of its own: what it is given is wrong, so that nothing
  /// happens to the system, or the system may refuse it anyway.
  bool works = false;
  int refused_with = EPERM;
};

/// syscall() takes words, and half of one that is given as an int may be anything.
template <class Argument>
long word_of(Argument argument) {
  if constexpr (std::is_null_pointer_v<Argument>) {
    return 0;
  } else if constexpr (std::is_pointer_v<Argument>) {
    return reinterpret_cast<long>(argument);
  } else {
    return static_cast<long>(argument);
  }
}

template <class... Arguments>
long call(long number, Arguments... arguments) {
  return ::syscall(number, word_of(arguments)...);
}

long clone_with(unsigned long flags) {
  const long made = call(SYS_clone, flags | SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (made == 0) call(SYS_exit_group, 0);
  return made;
}

long signal_queued(long number, bool to_thread) {
  siginfo_t info{};
  info.si_code = SI_QUEUE;
  return to_thread ? call(number, reached.other, reached.other, 0, &info) : call(number, reached.other, 0, &info);
}

constexpr attempt signals[] = {
    {"kill", [] { return call(SYS_kill, reached.other, 0); }, true},
    {"kill of the parent", [] { return call(SYS_kill, ::getppid(), 0); }, true},
    {"kill of a group", [] { return call(SYS_kill, 0, 0); }, true},
    {"kill of all", [] { return call(SYS_kill, -1, 0); }, true},
    {"kill with a high half", [] { return call(SYS_kill, reached.other | high_half, 0); }, true},
    {"tkill", [] { return call(SYS_tkill, reached.other, 0); }, true},
    {"tgkill", [] { return call(SYS_tgkill, reached.other, reached.other, 0); }, true},
    {"rt_sigqueueinfo", [] { return signal_queued(SYS_rt_sigqueueinfo, false); }, true},
    {"rt_tgsigqueueinfo", [] { return signal_queued(SYS_rt_tgsigqueueinfo, true); }, true},
    {"pidfd_send_signal", [] { return call(newer_calls::pidfd_send_signal, reached.handle_of_other, 0, nullptr, 0); },
     true},
    {"F_SETOWN", [] { return call(SYS_fcntl, reached.socket, F_SETOWN, reached.other); }, true},
    {"F_SETOWN with a high half", [] { return call(SYS_fcntl, reached.socket, F_SETOWN | high_half, reached.other); },
     true},
    {"F_SETOWN_EX",
     [] {
       const f_owner_ex owner{F_OWNER_PID, reached.other};
       return call(SYS_fcntl, reached.socket, F_SETOWN_EX, &owner);
     },
     true},
    {"F_SETSIG", [] { return call(SYS_fcntl, reached.socket, F_SETSIG, SIGTERM); }, true},
    {"FIOSETOWN", [] { return call(SYS_ioctl, reached.socket, 0x8901, &reached.other); }, true},
    {"SIOCSPGRP", [] { return call(SYS_ioctl, reached.socket, 0x8902, &reached.other); }, true},
    {"TIOCSTI", [] { return call(SYS_ioctl, no_descriptor, TIOCSTI, "x"); }},
    {"TIOCSTI with a high half", [] { return call(SYS_ioctl, no_descriptor, TIOCSTI | high_half, "x"); }},
    {"TIOCLINUX", [] { return call(SYS_ioctl, no_descriptor, TIOCLINUX, "\3"); }},
    {"TIOCSPGRP", [] { return call(SYS_ioctl, no_descriptor, TIOCSPGRP, &reached.other); }},
    {"TIOCSCTTY", [] { return call(SYS_ioctl, no_descriptor, TIOCSCTTY, 0); }},
    {"TIOCSETD", [] { return call(SYS_ioctl, no_descriptor, TIOCSETD, nullptr); }},
    {"TIOCCONS", [] { return call(SYS_ioctl, no_descriptor, TIOCCONS, 0); }},
    {"FIOASYNC",
     [] {
       const int on = 1;
       return call(SYS_ioctl, reached.socket, FIOASYNC, &on);
     },
     true},
    {"F_SETFL with O_ASYNC", [] { return call(SYS_fcntl, reached.socket, F_SETFL, O_ASYNC | O_NONBLOCK); }, true},
    {"F_SETFL with O_ASYNC and a high half",
     [] { return call(SYS_fcntl, reached.socket, F_SETFL | high_half, O_ASYNC | high_half); }, true},
    {"TIOCSWINSZ", [] { return call(SYS_ioctl, no_descriptor, TIOCSWINSZ, nullptr); }},
    {"TCXONC", [] { return call(SYS_ioctl, no_descriptor, TCXONC, 0); }},
    {"TCSETS", [] { return call(SYS_ioctl, no_descriptor, TCSETS, nullptr); }},
    {"TCSETSW", [] { return call(SYS_ioctl, no_descriptor, TCSETSW, nullptr); }},
    {"TCSETSF", [] { return call(SYS_ioctl, no_descriptor, TCSETSF, nullptr); }},
    {"TCSETA", [] { return call(SYS_ioctl, no_descriptor, TCSETA, nullptr); }},
    {"TCSETAW", [] { return call(SYS_ioctl, no_descriptor, TCSETAW, nullptr); }},
    {"TCSETAF", [] { return call(SYS_ioctl, no_descriptor, TCSETAF, nullptr); }},
    {"TCSETS2", [] { return call(SYS_ioctl, no_descriptor, 0x402c542b, nullptr); }},
    {"TCSETSW2", [] { return call(SYS_ioctl, no_descriptor, 0x402c542c, nullptr); }},
    {"TCSETSF2", [] { return call(SYS_ioctl, no_descriptor, 0x402c542d, nullptr); }},
};

constexpr attempt memory[] = {
    {"ptrace", [] { return call(SYS_ptrace, PTRACE_ATTACH, reached.other, 0, 0); }},
    {"ptrace by the parent", [] { return call(SYS_ptrace, PTRACE_TRACEME, 0, 0, 0); }},
    {"process_vm_readv", [] { return call(SYS_process_vm_readv, reached.other, nullptr, 0, nullptr, 0, 0); }, true},
    {"process_vm_writev", [] { return call(SYS_process_vm_writev, reached.other, nullptr, 0, nullptr, 0, 0); }, true},
    {"kcmp", [] { return call(SYS_kcmp, ::getpid(), reached.other, 0, 0, 0); }},
    {"get_robust_list",
     [] {
       void* head = nullptr;
       std::size_t size = 0;
       return call(SYS_get_robust_list, reached.other, &head, &size);
     }},
    {"pidfd_open", [] { return call(newer_calls::pidfd_open, reached.other, 0); }, true},
    {"pidfd_getfd", [] { return call(newer_calls::pidfd_getfd, reached.handle_of_other, 1, 0); }},
    {"process_madvise", [] { return call(newer_calls::process_madvise, no_descriptor, nullptr, 0, 0, 0); }},
    {"process_mrelease", [] { return call(newer_calls::process_mrelease, no_descriptor, 0); }},
    {"add_key", [] { return call(SYS_add_key, nullptr, nullptr, nullptr, 0, 0); }},
    {"request_key", [] { return call(SYS_request_key, nullptr, nullptr, nullptr, 0); }},
    {"keyctl", [] { return call(SYS_keyctl, 9999, 0, 0, 0, 0); }},
    {"shmget", [] { return call(SYS_shmget, IPC_PRIVATE, 0, 0600); }},
    {"shmat", [] { return call(SYS_shmat, -1, nullptr, 0); }},
    {"shmctl", [] { return call(SYS_shmctl, -1, IPC_STAT, nullptr); }},
    {"semget", [] { return call(SYS_semget, IPC_PRIVATE, -1, 0600); }},
    {"semop", [] { return call(SYS_semop, -1, nullptr, 0); }},
    {"semtimedop", [] { return call(SYS_semtimedop, -1, nullptr, 0, nullptr); }},
    {"semctl", [] { return call(SYS_semctl, -1, 0, IPC_STAT, nullptr); }},
    {"msgget", [] { return call(SYS_msgget, 0x68656464, 0600); }},
    {"msgsnd", [] { return call(SYS_msgsnd, -1, nullptr, 0, 0); }},
    {"msgrcv", [] { return call(SYS_msgrcv, -1, nullptr, 0, 0, 0); }},
    {"msgctl", [] { return call(SYS_msgctl, -1, IPC_STAT, nullptr); }},
};

template <pid_t (*Process)()>
long set_affinity() {
  cpu_set_t cpus;
  if (const long size = call(SYS_sched_getaffinity, 0, sizeof cpus, &cpus); size > 0)
    return call(SYS_sched_setaffinity, Process(), size, &cpus);
  return 0;
}

pid_t other() { return reached.other; }

constexpr int of_process = 1;
constexpr int of_group = 2;  // and a child is no group

constexpr attempt changes_of_others[] = {
    {"prlimit",
     [] {
       rlimit found{};
       return call(SYS_prlimit64, reached.other, RLIMIT_NOFILE, nullptr, &found);
     },
     true},
    {"sched_setaffinity", set_affinity<other>, true},
    {"sched_setattr", [] { return call(SYS_sched_setattr, reached.other, nullptr, 0); }},
    {"sched_setparam",
     [] {
       const sched_param none{};
       return call(SYS_sched_setparam, reached.other, &none);
     },
     true},
    {"sched_setscheduler",
     [] {
       const sched_param none{};
       return call(SYS_sched_setscheduler, reached.other, SCHED_OTHER, &none);
     },
     true},
    {"migrate_pages", [] { return call(SYS_migrate_pages, reached.other, 0, nullptr, nullptr); }},
    {"move_pages", [] { return call(SYS_move_pages, reached.other, 0, nullptr, nullptr, nullptr, 0); }},
    {"setpriority", [] { return call(SYS_setpriority, PRIO_PROCESS, reached.other, ::getpriority(PRIO_PROCESS, 0)); },
     true},
    {"setpriority of a group", [] { return call(SYS_setpriority, PRIO_PGRP, ::getpid(), 0); }},
    {"setpriority of a user", [] { return call(SYS_setpriority, PRIO_USER, ::getpid(), 0); }},
    {"ioprio_set", [] { return call(SYS_ioprio_set, of_process, reached.other, 0); }, true},
    {"ioprio_set of a group", [] { return call(SYS_ioprio_set, of_group, ::getpid(), 0); }},
    {"setpgid", [] { return call(SYS_setpgid, 0, 0); }, true},
    {"setsid", [] { return call(SYS_setsid); }, true},
    {"PR_SET_PDEATHSIG", [] { return call(SYS_prctl, PR_SET_PDEATHSIG, 0, 0, 0, 0); }, true},
    {"PR_SCHED_CORE", [] { return call(SYS_prctl, 62, 99, 0, 0, 0); }},
};

constexpr attempt system_calls[] = {
    {"unshare", [] { return call(SYS_unshare, CLONE_FS); }},
    {"unshare of users", [] { return call(SYS_unshare, CLONE_NEWUSER); }},
    {"setns", [] { return call(SYS_setns, no_descriptor, 0); }},
    {"chroot", [] { return call(SYS_chroot, "/nowhere"); }},
    {"pivot_root", [] { return call(SYS_pivot_root, "/nowhere", "/nowhere"); }},
    {"mount", [] { return call(SYS_mount, "none", "/nowhere", "none", 0, nullptr); }},
    {"umount2", [] { return call(SYS_umount2, "/nowhere", 0); }},
    {"open_tree", [] { return call(newer_calls::open_tree, no_descriptor, "/", 0); }},
    {"open_tree_attr", [] { return call(newer_calls::open_tree_attr, no_descriptor, "/", ~0U, nullptr, 0); }},
    {"move_mount", [] { return call(newer_calls::move_mount, no_descriptor, "x", no_descriptor, "x", 0); }},
    {"mount_setattr", [] { return call(newer_calls::mount_setattr, no_descriptor, "x", ~0U, nullptr, 0); }},
    {"fsopen", [] { return call(newer_calls::fsopen, nullptr, 0); }},
    {"fsconfig", [] { return call(newer_calls::fsconfig, no_descriptor, 0, nullptr, nullptr, 0); }},
    {"fsmount", [] { return call(newer_calls::fsmount, no_descriptor, 0, 0); }},
    {"fspick", [] { return call(newer_calls::fspick, no_descriptor, "/nowhere", 0); }},
    {"io_uring_setup", [] { return call(newer_calls::io_uring_setup, 0, nullptr); }},
    {"io_uring_enter", [] { return call(newer_calls::io_uring_enter, no_descriptor, 0, 0, 0, nullptr, 0); }},
    {"io_uring_register", [] { return call(newer_calls::io_uring_register, no_descriptor, 0, nullptr, 0); }},
    {"userfaultfd", [] { return call(SYS_userfaultfd, 0x10); }},
    {"perf_event_open", [] { return call(SYS_perf_event_open, nullptr, 0, 0, no_descriptor, 0); }},
    {"bpf", [] { return call(SYS_bpf, 9999, nullptr, 0); }},
    {"fanotify_init", [] { return call(SYS_fanotify_init, ~0U, 0); }},
    {"open_by_handle_at", [] { return call(SYS_open_by_handle_at, no_descriptor, nullptr, 0); }},
    {"swapon", [] { return call(SYS_swapon, "/nowhere", 0); }},
    {"swapoff", [] { return call(SYS_swapoff, "/nowhere"); }},
    {"acct", [] { return call(SYS_acct, "/nowhere"); }},
    {"quotactl", [] { return call(SYS_quotactl, 0x80000700, "/nowhere", 0, nullptr); }},
    {"quotactl_fd", [] { return call(newer_calls::quotactl_fd, no_descriptor, 0x80000700, 0, nullptr); }},
    {"syslog", [] { return call(SYS_syslog, 10, nullptr, 0); }},
    {"reboot", [] { return call(SYS_reboot, 0, 0, 0, nullptr); }},
    {"init_module", [] { return call(SYS_init_module, nullptr, 0, nullptr); }},
    {"finit_module", [] { return call(SYS_finit_module, no_descriptor, nullptr, 0); }},
    {"delete_module", [] { return call(SYS_delete_module, nullptr, O_NONBLOCK); }},
    {"kexec_load", [] { return call(SYS_kexec_load, 0, 9999, nullptr, 0); }},
#ifdef SYS_kexec_file_load
    {"kexec_file_load", [] { return call(SYS_kexec_file_load, no_descriptor, no_descriptor, 0, nullptr, ~0UL); }},
#endif
#ifdef SYS_iopl
    {"iopl", [] { return call(SYS_iopl, 99); }},
    {"ioperm", [] { return call(SYS_ioperm, ~0UL, 1, 0); }},
    {"modify_ldt", [] { return call(SYS_modify_ldt, 0, nullptr, 0); }},
#endif
    {"clone of a sibling", [] { return clone_with(CLONE_PARENT); }, true},
    {"clone of mounts", [] { return clone_with(CLONE_NEWNS); }},
    {"clone of control groups", [] { return clone_with(CLONE_NEWCGROUP); }},
    {"clone of host names", [] { return clone_with(CLONE_NEWUTS); }},
    {"clone of queues", [] { return clone_with(CLONE_NEWIPC); }},
    {"clone of users", [] { return clone_with(CLONE_NEWUSER); }},
    {"clone of processes", [] { return clone_with(CLONE_NEWPID); }},
    {"clone of networks", [] { return clone_with(CLONE_NEWNET); }},
    {"clone3", [] { return call(newer_calls::clone3, nullptr, 0); }, false, ENOSYS},
};

long bind_to_a_path() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, "made");
  return call(SYS_bind, ::socket(AF_UNIX, SOCK_DGRAM, 0), &address, sizeof address);
}

constexpr attempt network[] = {
    {"socket", [] { return call(SYS_socket, AF_UNIX, SOCK_STREAM, 0); }, true},
    {"socket of the internet", [] { return call(SYS_socket, AF_INET, SOCK_DGRAM, 0); }},
    {"socketpair",
     [] {
       int ends[2];
       return call(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, ends);
     },
     true},
    {"connect", [] { return call(SYS_connect, no_descriptor, nullptr, 0); }},
    {"bind", [] { return call(SYS_bind, no_descriptor, nullptr, 0); }},
    {"listen", [] { return call(SYS_listen, no_descriptor, 0); }},
    {"accept", [] { return call(SYS_accept, no_descriptor, nullptr, nullptr); }},
    {"accept4", [] { return call(SYS_accept4, no_descriptor, nullptr, nullptr, 0); }},
};

constexpr int at = AT_FDCWD;

long opened(int flags) { return call(SYS_openat, at, "file", flags, 0600); }

template <class Does>
long with_file(Does does) {
  return does(static_cast<int>(opened(O_RDONLY)));
}

/// In a folder with the file "file", the folder "folder" and the link "link".
constexpr attempt changes_of_files[] = {
    {"openat to write", [] { return opened(O_WRONLY); }, true, EROFS},
    {"openat to read and write", [] { return opened(O_RDWR); }, true, EROFS},
    {"openat for its controls", [] { return opened(O_ACCMODE); }, true, EROFS},
    {"openat to make", [] { return call(SYS_openat, at, "new", O_RDONLY | O_CREAT, 0600); }, true, EROFS},
    {"openat to cut", [] { return opened(O_RDONLY | O_TRUNC); }, true, EROFS},
    {"openat without a name", [] { return call(SYS_openat, at, ".", O_TMPFILE | O_RDWR, 0600); }, false, EROFS},
    {"openat2",
     [] {
       constexpr std::uint64_t how[3] = {};
       return call(newer_calls::openat2, at, "file", how, sizeof how);
     },
     true, ENOSYS},
    {"mkdirat", [] { return call(SYS_mkdirat, at, "new", 0700); }, true, EROFS},
    {"mknodat", [] { return call(SYS_mknodat, at, "new", S_IFIFO | 0600, 0); }, true, EROFS},
    {"symlinkat", [] { return call(SYS_symlinkat, "file", at, "new"); }, true, EROFS},
    {"linkat", [] { return call(SYS_linkat, at, "file", at, "new", 0); }, true, EROFS},
    {"bind to a path", bind_to_a_path, true, EROFS},
    {"mq_open", [] { return call(SYS_mq_open, nullptr, O_RDONLY, 0, nullptr); }, false, EROFS},
    {"mq_unlink", [] { return call(SYS_mq_unlink, nullptr); }, false, EROFS},
    {"renameat2", [] { return call(SYS_renameat2, at, "file", at, "new", 0); }, true, EROFS},
#ifdef SYS_renameat
    {"renameat", [] { return call(SYS_renameat, at, "file", at, "new"); }, true, EROFS},
#endif
    {"unlinkat", [] { return call(SYS_unlinkat, at, "file", 0); }, true, EROFS},
    {"truncate", [] { return call(SYS_truncate, "file", 0); }, true, EROFS},
    {"fchmod", [] { return with_file([](int file) { return call(SYS_fchmod, file, 0400); }); }, true, EROFS},
    {"fchmodat", [] { return call(SYS_fchmodat, at, "file", 0400); }, true, EROFS},
    {"fchmodat2", [] { return call(newer_calls::fchmodat2, at, "file", 0400, ~0U); }, false, EROFS},
    {"fchown", [] { return with_file([](int file) { return call(SYS_fchown, file, -1, -1); }); }, true, EROFS},
    {"fchownat", [] { return call(SYS_fchownat, at, "file", -1, -1, 0); }, true, EROFS},
    {"utimensat", [] { return call(SYS_utimensat, at, "file", nullptr, 0); }, true, EROFS},
    {"futimens", [] { return with_file([](int file) { return call(SYS_utimensat, file, nullptr, nullptr, 0); }); },
     true, EROFS},
    {"setxattr", [] { return call(SYS_setxattr, "file", nullptr, nullptr, 0, 0); }, false, EROFS},
    {"lsetxattr", [] { return call(SYS_lsetxattr, "file", nullptr, nullptr, 0, 0); }, false, EROFS},
    {"fsetxattr", [] { return call(SYS_fsetxattr, no_descriptor, nullptr, nullptr, 0, 0); }, false, EROFS},
    {"setxattrat", [] { return call(newer_calls::setxattrat, at, "file", 0, nullptr, nullptr, 0); }, false, EROFS},
    {"removexattr", [] { return call(SYS_removexattr, "file", nullptr); }, false, EROFS},
    {"lremovexattr", [] { return call(SYS_lremovexattr, "file", nullptr); }, false, EROFS},
    {"fremovexattr", [] { return call(SYS_fremovexattr, no_descriptor, nullptr); }, false, EROFS},
    {"removexattrat", [] { return call(newer_calls::removexattrat, at, "file", 0, nullptr); }, false, EROFS},
    {"file_setattr", [] { return call(newer_calls::file_setattr, at, "file", nullptr, 0, 0); }, false, EROFS},
    {"FS_IOC_SETFLAGS", [] { return call(SYS_ioctl, no_descriptor, 0x40086602, nullptr); }, false, EROFS},
    {"FS_IOC32_SETFLAGS", [] { return call(SYS_ioctl, no_descriptor, 0x40046602, nullptr); }, false, EROFS},
    {"FS_IOC_FSSETXATTR", [] { return call(SYS_ioctl, no_descriptor, 0x401c5820, nullptr); }, false, EROFS},
    {"FS_IOC_ENABLE_VERITY", [] { return call(SYS_ioctl, no_descriptor, 0x40806685, nullptr); }, false, EROFS},
    {"FS_IOC_SETVERSION", [] { return call(SYS_ioctl, no_descriptor, 0x40087602, nullptr); }, false, EROFS},
    {"FS_IOC32_SETVERSION", [] { return call(SYS_ioctl, no_descriptor, 0x40047602, nullptr); }, false, EROFS},
    {"FS_IOC_SET_ENCRYPTION_POLICY", [] { return call(SYS_ioctl, no_descriptor, 0x800c6613, nullptr); }, false, EROFS},
    {"BTRFS_IOC_SUBVOL_CREATE", [] { return call(SYS_ioctl, no_descriptor, 0x5000940e, nullptr); }, false, EROFS},
    {"BTRFS_IOC_SUBVOL_CREATE_V2", [] { return call(SYS_ioctl, no_descriptor, 0x50009418, nullptr); }, false, EROFS},
    {"BTRFS_IOC_SNAP_CREATE", [] { return call(SYS_ioctl, no_descriptor, 0x50009401, nullptr); }, false, EROFS},
    {"BTRFS_IOC_SNAP_CREATE_V2", [] { return call(SYS_ioctl, no_descriptor, 0x50009417, nullptr); }, false, EROFS},
    {"BTRFS_IOC_SUBVOL_SETFLAGS", [] { return call(SYS_ioctl, no_descriptor, 0x4008941a, nullptr); }, false, EROFS},
#ifdef SYS_open
    {"open to write", [] { return call(SYS_open, "file", O_WRONLY); }, true, EROFS},
    {"open to read and write", [] { return call(SYS_open, "file", O_RDWR); }, true, EROFS},
    {"open to make", [] { return call(SYS_open, "new", O_RDONLY | O_CREAT, 0600); }, true, EROFS},
    {"open to cut", [] { return call(SYS_open, "file", O_RDONLY | O_TRUNC); }, true, EROFS},
    {"creat", [] { return call(SYS_creat, "file", 0600); }, true, EROFS},
    {"mkdir", [] { return call(SYS_mkdir, "new", 0700); }, true, EROFS},
    {"mknod", [] { return call(SYS_mknod, "new", S_IFIFO | 0600, 0); }, true, EROFS},
    {"symlink", [] { return call(SYS_symlink, "file", "new"); }, true, EROFS},
    {"link", [] { return call(SYS_link, "file", "new"); }, true, EROFS},
    {"rename", [] { return call(SYS_rename, "file", "new"); }, true, EROFS},
    {"unlink", [] { return call(SYS_unlink, "file"); }, true, EROFS},
    {"rmdir", [] { return call(SYS_rmdir, "folder"); }, true, EROFS},
    {"chmod", [] { return call(SYS_chmod, "file", 0400); }, true, EROFS},
    {"chown", [] { return call(SYS_chown, "file", -1, -1); }, true, EROFS},
    {"lchown", [] { return call(SYS_lchown, "link", -1, -1); }, true, EROFS},
    {"utime", [] { return call(SYS_utime, "file", nullptr); }, true, EROFS},
    {"utimes", [] { return call(SYS_utimes, "file", nullptr); }, true, EROFS},
    {"futimesat", [] { return call(SYS_futimesat, at, "file", nullptr); }, true, EROFS},
#endif
};

/// Makes the attempt in a child, in a folder of its own. Landlock, which refuses some of them as well, is not there.
child_end result_of(const attempt& tried, const std::optional<sandbox_options>& options) {
  const heddle_test::temporary_tree folder;
  folder.write("/file", "text");
  folder.write("/folder/../link", "text");
  return heddle_test::in_a_child([&] {
    if (options) {
      heddle_test::take_call(heddle_test::landlock_create_ruleset);
      heddle::process::enter_sandbox(*options);
    }
    return ::chdir(folder.root()) == 0 ? error_of(tried.make()) : 1;
  });
}

/// Each is made without a sandbox and with these options, and only these refuse it.
template <std::size_t Count>
void check_refused(const attempt (&attempts)[Count], const sandbox_options& options, bool is_refused_always) {
  const other_process other;
  const process_handle handle = process_handle::open(other.number());
  const heddle::process::descriptor socket(::socket(AF_UNIX, SOCK_DGRAM, 0));
  reached = {other.number(), handle.number(), socket.number()};
  std::string unseen;
  for (const attempt& each : attempts) {
    INFO(each.name);
    const child_end refused{each.refused_with, 0};
    const child_end before = result_of(each, std::nullopt);
    if (each.works) CHECK(before == done);
    if (before == refused) unseen += std::string(" ") + each.name + ',';
    CHECK(result_of(each, options) == refused);
    if (!is_refused_always) CHECK(result_of(each, sandbox_options{}) == before);
  }
  if (!unseen.empty()) WARN("refused here without a sandbox, too:" << unseen << " so this test has seen nothing there");
}

#if defined(__x86_64__)
/// getpid() as a 32-bit program calls it.
int call_as_32_bit_program() {
  constexpr int getpid_of_32_bit = 20;
  int result = getpid_of_32_bit;
  __asm__ volatile("int $0x80" : "+a"(result) : : "memory", "cc", "r8", "r9", "r10", "r11");
  return result == ::getpid() ? 0 : -result;
}
#endif

}  // namespace

TEST_CASE("a worker in a sandbox sends no signals to others", "[sandbox]") { check_refused(signals, {}, true); }

TEST_CASE("a worker in a sandbox does not reach the memory and descriptors of others", "[sandbox]") {
  check_refused(memory, {}, true);
}

TEST_CASE("a worker in a sandbox does not change how others run", "[sandbox]") {
  check_refused(changes_of_others, {}, true);
}

TEST_CASE("a worker in a sandbox gets no namespaces, no mounts, and none of the system's wide doors", "[sandbox]") {
  check_refused(system_calls, {}, true);
  while (::waitpid(-1, nullptr, 0) > 0) {  // the sibling that was made
  }
}

TEST_CASE("without a network, a worker makes and connects no sockets", "[sandbox]") {
  check_refused(network, {.no_network = true}, false);
}

TEST_CASE("in a read-only file system, a worker changes no file", "[sandbox]") {
  check_refused(changes_of_files, {.read_only_filesystem = true}, false);
}

TEST_CASE("what was refused was not done", "[sandbox]") {
  const heddle_test::temporary_tree folder;
  folder.write("/file", "text");
  CHECK(in_a_sandbox(sandbox_options{.read_only_filesystem = true}, [&] {
          if (::chdir(folder.root()) != 0) return 1;
          for (const attempt& each : changes_of_files) each.make();
          return 0;
        }) == done);
  CHECK(std::filesystem::file_size(folder.root() + std::string("/file")) == 4);
  CHECK(std::distance(std::filesystem::directory_iterator(folder.root()), {}) == 1);
}

TEST_CASE("a worker in a sandbox makes no calls of another architecture", "[sandbox]") {
#if defined(__x86_64__)
  constexpr long bit_of_x32 = 0x40000000;
  const auto call_of_x32 = [] { return error_of(call(SYS_getpid | bit_of_x32)); };
  CHECK(in_a_sandbox(std::nullopt, call_of_x32) != child_end{EPERM, 0});
  CHECK(in_a_sandbox(sandbox_options{}, call_of_x32) == child_end{EPERM, 0});
  if (in_a_sandbox(std::nullopt, call_as_32_bit_program) != done) SKIP("this kernel runs no 32-bit programs");
  CHECK(in_a_sandbox(sandbox_options{}, call_as_32_bit_program) == child_end{EPERM, 0});
#else
  SKIP("there is none that this test knows");
#endif
}

TEST_CASE("a call that is newer than the filter is not there", "[sandbox]") {
  constexpr int waitv = 449;  // futex_waitv()
  const auto wait = [] { return error_of(call(waitv, nullptr, 0, 0, nullptr, 0)); };
  const auto wait_in_filter = [&](std::uint32_t newest) {
    return heddle_test::in_a_child([&] {
      ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
      heddle::process::system_call_filter(newest).apply();
      return wait();
    });
  };
  if (in_a_sandbox(std::nullopt, wait) != child_end{EINVAL, 0}) SKIP("this kernel does not have the call");
  CHECK(wait_in_filter(waitv) == child_end{EINVAL, 0});
  CHECK(wait_in_filter(waitv - 1) == child_end{ENOSYS, 0});
  CHECK(in_a_sandbox(sandbox_options{}, wait) == child_end{EINVAL, 0});
}
