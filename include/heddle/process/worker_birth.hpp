// SPDX-License-Identifier: MIT
// What a worker begins with, as the fork server's child.
#pragma once

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <system_error>
#include <vector>

#include <heddle/process/child.hpp>
#include <heddle/process/descriptor.hpp>
#include <heddle/process/environment.hpp>
#include <heddle/process/message_socket.hpp>
#include <heddle/process/program.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/starting_signal.hpp>

namespace heddle::process {

/// Signals of the program's terminal, and the like, are for the program.
inline constexpr int ignored_by_server[] = {SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGPIPE, SIGTSTP, SIGUSR1, SIGUSR2};

/// In a child that is to be a worker. Only what signal handlers may do, too.
inline void enter_surroundings(pid_t server, const spawn_order& order,
                               const message_socket::descriptors& given) noexcept {
  ::setpgid(0, 0);
  for (const int usual : ignored_by_server) ::signal(usual, SIG_DFL);
  ::signal(SIGPIPE, SIG_IGN);  // until the worker has begun
  sigset_t none;
  ::sigemptyset(&none);
  ::pthread_sigmask(SIG_SETMASK, &none, nullptr);
  // It is in the background of the program's terminal, if there is one: writing there works, and reading is an error.
  for (const int stopping : {SIGTTOU, SIGTTIN}) ::signal(stopping, SIG_IGN);
  order.where.apply();
  if (given[sent_folder].is_open()) static_cast<void>(::fchdir(given[sent_folder].number()));
  // The thread that is the server's, whose end this is, goes on as long as the server. Last, for changing credentials
  // would clear it.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != server) ::_exit(0);
}

/// Those that are there, up to the first that is not.
[[nodiscard]] inline std::size_t numbers_of(const message_socket::descriptors& given,
                                            std::array<int, message_socket::most_descriptors>& numbers) noexcept {
  std::size_t count = 0;
  for (; count < given.size() && given[count].is_open(); ++count) numbers[count] = given[count].number();
  return count;
}

/// A child that is this program, executed anew, and finds its order where a server finds its connection. Everything is
/// made before the fork: other threads may hold locks. It goes on when `note(child)` has returned. Throws
/// std::system_error and std::bad_alloc, and what `note` throws; then there is no child.
template <class Note>
void execute_worker(const spawn_order& order, const message_socket::descriptors& given, const Note& note) {
  const pid_t server = ::getpid();
  auto [ours, theirs] = message_socket::make_pair();
  std::array<int, message_socket::most_descriptors> numbers{};
  const auto sent = std::span(numbers).first(numbers_of(given, numbers));
  if (ours.send(order, std::span<const int>(sent), MSG_DONTWAIT) != message_socket::outcome::done)
    throw_system_error("sendmsg");
  std::string assigned =
      assignment{.does = assignment::role::worker, .name = order.serial, .parent = server}.as_variable();
  environment theirs_to_see = environment::in_file(given[sent_environment]);
  std::vector<char*> variables = theirs_to_see.pointers();
  variables.insert(variables.begin(), assigned.data());
  const std::vector<char*> arguments = program::current().pointers();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw_system_error("pipe");
  const descriptor heard(ends[0]);
  descriptor told(ends[1]);
  starting_signal start;
  const pid_t made = fork_to_execute();
  if (made < 0) throw_system_error("fork");
  if (made == 0) {
    start.wait();
    enter_surroundings(server, order, given);
    become_this_program(theirs.number(), told.number(), arguments.data(), variables.data());
  }
  told = descriptor();
  note(made);
  start.give();
  int error = 0;
  // The end of the pipe is that of this program in the child, or of the child.
  if (retry_interrupted([&] { return ::read(heard.number(), &error, sizeof error); }) <= 0) return;
  retry_interrupted([&] { return ::waitpid(made, nullptr, 0); });
  throw std::system_error(error, std::system_category(), "exec");
}

}  // namespace heddle::process
