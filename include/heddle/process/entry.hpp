// SPDX-License-Identifier: MIT
// The beginning of a program that may have been executed to start workers, or to be one.
#pragma once

#include <sys/auxv.h>
#include <unistd.h>

#include <system_error>
#include <utility>
#include <vector>

#include <heddle/process/child.hpp>
#include <heddle/process/descriptor.hpp>
#include <heddle/process/environment.hpp>
#include <heddle/process/fork_server.hpp>
#include <heddle/process/message_socket.hpp>
#include <heddle/process/program.hpp>
#include <heddle/process/server_messages.hpp>
#include <heddle/process/start_arguments.hpp>
#include <heddle/process/streams.hpp>

namespace heddle::process {

/// Waits for its order, which the fork server has sent already.
[[noreturn]] inline void run_executed_worker(message_socket connection, worker_body body) noexcept {
  begin_streams_anew();
  spawn_order order;
  message_socket::descriptors given;
  if (connection.receive(order, given) != message_socket::outcome::done) ::_exit(0);
  connection = message_socket(descriptor());
  given[sent_folder] = descriptor();  // it was executed there, with that
  given[sent_environment] = descriptor();
  body(order.serial, given);
  ::_exit(0);
}

/// The first that main() does: notes how the program was started. Where it was started to be a fork server or a worker,
/// this does not return. A program that gains privileges by being executed notes nothing: it must not do what its
/// environment says, so it could not be told what it is executed for. Throws std::bad_alloc.
inline void enter_program(int count, const char* const* arguments, worker_body body) {
  const auto assigned = assignment::take();
  if (::getauxval(AT_SECURE) != 0) return;
  program::current().arguments = start_arguments(count, arguments);
  if (!assigned.has_value()) return;
  message_socket connection{descriptor(assignment::connection)};
  if (assigned->does == assignment::role::worker) run_executed_worker(std::move(connection), body);
  process_handle parent;
  try {
    parent = process_handle::open(assigned->parent);
  } catch (const std::system_error& refused) {
    fork_server::say_why_not(connection, assigned->name, refused);
    ::_exit(1);
  }
  if (::getppid() != assigned->parent) ::_exit(0);  // else the handle is that of another process
  fork_server(std::move(connection), std::move(parent), assigned->name, body).run();
}

/// Starts this program once more, as a fork server that has `connection`, in that environment. Throws std::system_error
/// and std::bad_alloc.
inline pid_t start_as_server(const message_socket& connection, serial_number name, environment sees) {
  std::string assigned =
      assignment{.does = assignment::role::fork_server, .name = name, .parent = ::getpid()}.as_variable();
  std::vector<char*> variables = sees.pointers();
  variables.insert(variables.begin(), assigned.data());
  return start_this_program(connection.number(), program::current().pointers().data(), variables.data());
}

}  // namespace heddle::process
