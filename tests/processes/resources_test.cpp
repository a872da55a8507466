// SPDX-License-Identifier: MIT
// What pools do where the system has no more of something: they say so, lose nothing, and go on when there is more.
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <new>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <heddle/process_pool_executor.hpp>
#include <processes/hanging_call.hpp>
#include <processes/starts_forked.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>
#include <support/temporary_tree.hpp>

#include "processes/process_counts.hpp"
#include "processes/refusals.hpp"

using heddle::executor_start_error;
using heddle::process_pool_executor;
using heddle_test::counts_at_rest;
using heddle_test::counts_when_settled;
using heddle_test::never_return;
using heddle_test::process_counts;
using heddle_test::refusal;
using heddle_test::role;

namespace {

int one_more(int value) { return value + 1; }

/// Says that it has begun, and returns when it is told to, by files.
void wait_for_file(const std::string& folder) {
  std::ofstream(folder + "/begun").put('x');
  while (!std::filesystem::exists(folder + "/go")) ::usleep(1000);
}

struct lack {
  const char* name;
  long call;
  int error;
  const char* path = "";
  int also = 0;  // errors that it may be said by, too
  int or_also = 0;
};
constexpr lack lacks[] = {
    {"memfd_create", SYS_memfd_create, EMFILE},
    {"eventfd", SYS_eventfd2, ENFILE},
    {"socketpair", SYS_socketpair, EMFILE},
    {"pidfd_open", SYS_pidfd_open, EMFILE},
    {"mmap", SYS_mmap, ENOMEM, "", EAGAIN, ECONNABORTED},  // of a thread; of a server that cannot be loaded
    {"clone", SYS_clone, EAGAIN},
    {"clone3", SYS_clone3, EAGAIN},
    {"epoll_create1", SYS_epoll_create1, EMFILE},
    {"epoll_ctl", SYS_epoll_ctl, ENOSPC},
    {"timerfd_create", SYS_timerfd_create, EMFILE},
    {"fallocate", SYS_fallocate, ENOSPC},
    {"open of the working folder", SYS_openat, EMFILE, "."},
    {"open of /proc", SYS_openat, EACCES, "/proc", EPERM},
    {"open of /dev/shm", SYS_openat, ENOENT, "/dev/shm"},
};

/// What a check of a copy says when it fails; nothing if it does not.
using verdict = std::optional<std::string>;

/// A pool of its own; or where something lacks, an error that says what it is.
verdict check_new_pool(const lack* of) {
  try {
    process_pool_executor procs{{.max_workers = 1}};
    if (procs.submit(one_more, 1).result() == 2) return std::nullopt;
    return "a wrong result";
  } catch (const executor_start_error& refused) {
    if (of == nullptr) return std::string("it does not serve again: ") + refused.what();
    const bool says_what = std::string_view(refused.what()).starts_with("worker processes cannot be started: ");
    const bool says_why = refused.code().value() == of->error || refused.code().value() == of->also ||
                          refused.code().value() == of->or_also;
    if (says_what && says_why) return std::nullopt;
    return std::string("it does not say what: ") + refused.what();
  } catch (const std::bad_alloc&) {
    return of == nullptr || of->error != ENOMEM ? verdict("no memory") : std::nullopt;
  } catch (const std::exception& other) {
    return std::string("another error: ") + other.what();
  }
}

/// Whether the pool serves, within a while: it tries again every 100 ms.
bool serves(process_pool_executor& procs) {
  for (int tries = 0; tries < 1000; ++tries) {
    try {
      return procs.submit(one_more, 1).result() == 2;
    } catch (const std::exception&) {
      ::usleep(10'000);
    }
  }
  return false;
}

/// Whether pools do without it. A copy of a process that has had threads does not know that it has one.
bool is_needed(const lack& of, role whom) {
  const std::string_view path = of.path;
  return (path != "/proc" || (heddle_test::starts_forked() && whom == role::program)) && path != "/dev/shm";
}

verdict check_first_pool(refusal& rules, role whom, const lack& of) {
  rules.refuse(whom, of.call, of.error, of.path);
  if (auto wrong = check_new_pool(is_needed(of, whom) ? &of : nullptr)) return "at first: " + *wrong;
  rules.lift();
  if (auto wrong = check_new_pool(nullptr)) return "at first, later: " + *wrong;
  return std::nullopt;
}

verdict check_nothing_is_left(pid_t process, const process_counts& before) {
  const auto now = counts_when_settled(process, before);
  if (now == before) return std::nullopt;
  std::ostringstream text;
  text << now << "; before: " << before;
  return text.str();
}

verdict check_later_pools(refusal& rules, role whom, const lack& of, pid_t server) {
  const auto before = counts_at_rest(::getpid());
  const auto before_in_server = counts_at_rest(server);
  for (int i = 0; i < 5; ++i) {
    rules.refuse(whom, of.call, of.error, of.path);
    if (auto wrong = check_new_pool(is_needed(of, whom) ? &of : nullptr)) return *wrong;
    rules.lift();
    if (auto wrong = check_new_pool(nullptr)) return "later: " + *wrong;
  }
  if (auto wrong = check_nothing_is_left(::getpid(), before)) return "here: " + *wrong;
  if (auto wrong = check_nothing_is_left(server, before_in_server)) return "in the server: " + *wrong;
  return std::nullopt;
}

/// Has a worker that the pool watches: its supervisor has told of two calls, one after the other.
void have_watched_worker(process_pool_executor& procs) {
  for (int i = 0; i < 2; ++i) {
    std::atomic<bool> is_told{false};
    auto call = procs.submit(one_more, 1);
    call.add_done_callback([&](const auto&) { is_told = true; });
    while (!is_told) ::usleep(1000);
  }
}

/// A worker that cannot be started takes nothing from one that runs.
verdict check_next_worker(refusal& rules, role whom, const lack& of, heddle::on_crash on_crash) {
  const heddle_test::temporary_tree folder;
  process_pool_executor procs{{.max_workers = 2, .on_crash = on_crash}};
  have_watched_worker(procs);
  auto running = procs.submit(wait_for_file, std::string(folder.root()));
  while (!std::filesystem::exists(std::string(folder.root()) + "/begun")) ::usleep(1000);
  rules.refuse(whom, of.call, of.error, of.path);
  auto other = procs.submit(one_more, 1);
  for (int tries = 0; tries < 200 && rules.times() == 0 && !other.done(); ++tries) ::usleep(1000);
  std::ofstream(std::string(folder.root()) + "/go").put('x');
  try {
    running.result();
  } catch (const std::exception& error) {
    return std::string("a call that ran: ") + error.what();
  }
  rules.lift();
  try {
    if (other.result() != 2) return "a wrong result of the other call";
  } catch (const executor_start_error&) {
    // The worker that ran was gone by then.
  } catch (const heddle::worker_died&) {
    if (whom != role::worker) return "the other call has died";
  }
  return serves(procs) ? std::nullopt : verdict("the pool does not serve again");
}

verdict check_lack(refusal& rules, role whom, const lack& of) {
  if (auto wrong = check_first_pool(rules, whom, of)) return wrong;
  pid_t server = 0;
  {
    process_pool_executor first{{.max_workers = 1}};
    server = first.submit([] { return ::getppid(); }).result();
  }
  if (auto wrong = check_later_pools(rules, whom, of, server)) return wrong;
  if (auto wrong = check_next_worker(rules, whom, of, heddle::on_crash::fail_task())) return wrong;
  if (auto wrong = check_next_worker(rules, whom, of, heddle::on_crash::break_pool())) return "it breaks: " + *wrong;
  return std::nullopt;
}

/// Of others the time is limited still.
verdict check_worker_that_stays(refusal& rules) {
  process_pool_executor procs{{.max_workers = 2, .timeout = std::chrono::seconds(1)}};
  have_watched_worker(procs);
  const std::vector<pid_t> first = procs.worker_pids();
  auto stays = procs.submit(never_return);
  ::usleep(500'000);  // until its time runs
  rules.refuse(role::program, SYS_pidfd_send_signal, EPERM);
  stays.cancel();
  ::usleep(2'000'000);
  auto late = procs.submit(never_return);
  ::usleep(100'000);
  rules.lift();
  const bool is_in_time = late.wait(std::chrono::seconds(10));
  for (const pid_t worker : first) ::kill(worker, SIGKILL);
  procs.kill_workers();
  return is_in_time ? std::nullopt : verdict("its time is not limited");
}

/// Lets no process that is limited have one more of that.
void limit_to_none(int which, pid_t process) {
  rlimit most{};
  ::prlimit(process, static_cast<__rlimit_resource>(which), nullptr, &most);
  most.rlim_cur = which == RLIMIT_NPROC ? 1 : 3;
  ::prlimit(process, static_cast<__rlimit_resource>(which), &most, nullptr);
}

verdict check_limit(int which, role whom, bool is_first) {
  const lack of{"", 0, which == RLIMIT_NPROC ? EAGAIN : EMFILE};
  const auto limit = static_cast<__rlimit_resource>(which);
  std::optional<process_pool_executor> first;
  pid_t limited = ::getpid();
  if (!is_first || whom == role::server) {
    first.emplace(heddle::process_pool_options{.max_workers = 2});
    const pid_t server = first->submit([] { return ::getppid(); }).result();
    if (whom == role::server) limited = server;
  }
  const heddle_test::temporary_tree folder;
  std::optional<heddle::future<void>> running;
  if (!is_first) {
    running = first->submit(wait_for_file, std::string(folder.root()));
    while (!std::filesystem::exists(std::string(folder.root()) + "/begun")) ::usleep(1000);
  }
  rlimit before{};
  ::prlimit(limited, limit, nullptr, &before);
  limit_to_none(which, limited);
  // Of the program the limit of descriptors is in the way of this check, too.
  auto wrong = check_new_pool(&of);
  ::prlimit(limited, limit, &before, nullptr);
  if (wrong) return wrong;
  if (running) {
    std::ofstream(std::string(folder.root()) + "/go").put('x');
    try {
      running->result();
    } catch (const std::exception& error) {
      return std::string("a call that ran: ") + error.what();
    }
  }
  if ((wrong = check_new_pool(nullptr))) return "later: " + *wrong;
  return !first || serves(*first) ? std::nullopt : verdict("the pool does not serve again");
}

/// Checks in a copy of this process, to which the system can refuse something, that nothing is wrong.
template <class Check>
void check_in_a_copy(const Check& check) {
  const auto copy = heddle_test::in_a_refused_copy([&](refusal& rules) {
    if (heddle_test::starts_forked()) heddle::process::program::current().arguments.clear();
    verdict wrong;
    try {
      wrong = check(rules);
    } catch (const std::exception& error) {
      wrong = std::string("thrown: ") + error.what();
    }
    if (wrong) std::snprintf(rules.text.data(), rules.text.size(), "%s", wrong->c_str());
    return wrong ? 1 : 0;
  });
  if (copy.code == -2) SKIP("this system has no filter of system calls that asks");
  CHECK(copy.code == 0);
  CHECK(copy.text == "");
}

}  // namespace

TEST_CASE("where the system refuses something, pools say so, lose nothing, and go on afterwards", "[process_pool]") {
  if (heddle_test::under_thread_sanitizer) SKIP("it does not know which threads a forked child has");
  const heddle_test::deadline limit;
  const auto whom = GENERATE(role::program, role::server, role::worker);
  const lack of = GENERATE(from_range(std::begin(lacks), std::end(lacks)));
  if (heddle_test::under_address_sanitizer && of.call == SYS_mmap) return;  // it ends the process itself
  CAPTURE(of.name, static_cast<int>(whom));
  check_in_a_copy([&](refusal& rules) { return check_lack(rules, whom, of); });
}

TEST_CASE("a worker that does not die when it is killed stops no time limits", "[process_pool]") {
  if (heddle_test::under_thread_sanitizer) SKIP("it does not know which threads a forked child has");
  const heddle_test::deadline limit;
  check_in_a_copy(check_worker_that_stays);
}

TEST_CASE("a pool that is made after the program has given up its rights is refused", "[process_pool]") {
  if (::geteuid() != 0) SKIP("this process has no rights to give up");
  if (heddle_test::under_thread_sanitizer) SKIP("it does not know which threads a forked child has");
  const heddle_test::deadline limit;
  const pid_t copy = ::fork();
  if (copy == 0) {
    if (heddle_test::starts_forked()) heddle::process::program::current().arguments.clear();
    {
      process_pool_executor before{{.max_workers = 1}};
      if (before.submit(one_more, 1).result() != 2) ::_exit(1);
    }
    if (::setuid(54'322) != 0) ::_exit(77);
    try {
      const process_pool_executor afterwards{{.max_workers = 1}};
      ::_exit(3);
    } catch (const executor_start_error& refused) {
      ::_exit(refused.code() == std::errc::operation_not_permitted ? 0 : 4);
    }
  }
  int status = -1;
  REQUIRE(::waitpid(copy, &status, 0) == copy);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) SKIP("there is no other user");
  CHECK(status == 0);
}

TEST_CASE("where processes or descriptors run out, pools say so, lose nothing, and go on afterwards",
          "[process_pool]") {
  if (heddle_test::under_thread_sanitizer) SKIP("it does not know which threads a forked child has");
  if (heddle_test::under_address_sanitizer) return;  // UBSan, which is with it, takes a pipe to look at an object
  const heddle_test::deadline limit;
  const auto which = GENERATE(RLIMIT_NPROC, RLIMIT_NOFILE);
  const auto whom = GENERATE(role::program, role::server);
  const bool is_first = GENERATE(true, false);
  CAPTURE(which == RLIMIT_NPROC, static_cast<int>(whom), is_first);
  const pid_t copy = ::fork();
  if (copy == 0) {
    if (heddle_test::starts_forked()) heddle::process::program::current().arguments.clear();
    // Root is not limited in processes, and other processes of a user count.
    if (which == RLIMIT_NPROC && ::setuid(54'321) != 0) ::_exit(0);
    const verdict wrong = check_limit(which, whom, is_first);
    if (wrong) std::fprintf(stderr, "%s\n", wrong->c_str());
    ::_exit(wrong ? 1 : 0);
  }
  int status = -1;
  REQUIRE(::waitpid(copy, &status, 0) == copy);
  CHECK(status == 0);
}

TEST_CASE("a call that uses up what its worker may have fails alone", "[process_pool]") {
  if (heddle_test::under_address_sanitizer) return;  // as above
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  const auto opened = procs.submit([] {
    std::vector<int> all;
    for (int each = 0; (each = ::dup(0)) >= 0;) all.push_back(each);
    if (!std::ifstream("/dev/null").is_open()) errno = EMFILE;
    return all.size();
  });
  CHECK(opened.result() > 0);
  CHECK(procs.submit(one_more, 1).result() == 2);
  CHECK(procs.submit([](std::string big) { return big; }, std::string(3'000'000, 'x')).result().size() == 3'000'000);
  CHECK(procs.submit([] { return ::getpid(); }).result() == worker);
}
