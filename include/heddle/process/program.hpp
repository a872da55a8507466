// SPDX-License-Identifier: MIT
// How this program was started, and how it is started once more to be its own fork server.
#pragma once

#include <sys/auxv.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <heddle/process/child.hpp>
#include <heddle/process/descriptor.hpp>
#include <heddle/process/fork_server.hpp>
#include <heddle/process/message_socket.hpp>
#include <heddle/process/server_messages.hpp>

namespace heddle::process {

/// What heddle::init() notes, which shows that this program gets there when it is started once more. Written before the
/// program has a second thread.
struct program {
  std::vector<std::string> arguments;

  static program& current() {
    static program of_this_process;
    return of_this_process;
  }
};

/// What a program that is started as a fork server is to do, in one variable of its environment.
struct server_assignment {
  serial_number name = 0;

  static constexpr const char* variable = "HEDDLE_FORK_SERVER";
  static constexpr int connection = 3;  // the number of its descriptor

  [[nodiscard]] std::string as_variable() const { return std::string(variable) + '=' + std::to_string(name); }

  /// Of this process, whose program is its parent; nothing if there is none, or if somebody else has set the variable.
  /// The variable is gone afterwards.
  static std::optional<server_assignment> take() {
    const char* const text = std::getenv(variable);
    if (text == nullptr) return std::nullopt;
    server_assignment found;
    const char* const end = text + std::strlen(text);
    const auto [stopped, error] = std::from_chars(text, end, found.name);
    const bool is_number = error == std::errc() && stopped == end;
    ::unsetenv(variable);  // NOLINT(concurrency-mt-unsafe): there is one thread
    if (!is_number || ::getauxval(AT_SECURE) != 0 || !has_connection_to_parent()) return std::nullopt;
    return found;
  }

 private:
  static bool has_connection_to_parent() noexcept {
    ucred other{};
    socklen_t size = sizeof other;
    return ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &other, &size) == 0 && other.pid == ::getppid();
  }
};

/// The first that main() does: notes how the program was started. Where it was started to be a fork server, this does
/// not return. Throws std::bad_alloc.
inline void enter_program(int count, const char* const* arguments, worker_body body) {
  if (const auto assigned = server_assignment::take()) {
    message_socket connection{descriptor(server_assignment::connection)};
    process_handle started_by;
    try {
      started_by = process_handle::open(::getppid());
    } catch (const std::system_error& refused) {
      fork_server::say_why_not(connection, assigned->name, refused);
      ::_exit(1);
    }
    fork_server(std::move(connection), std::move(started_by), assigned->name, body).run();
  }
  program::current().arguments.assign(arguments, arguments + count);
}

/// Starts this program once more, as a fork server that has `connection`. Throws std::system_error.
inline pid_t start_as_server(const message_socket& connection, const server_assignment& does) {
  std::vector<char*> arguments;
  for (std::string& each : program::current().arguments) arguments.push_back(each.data());
  arguments.push_back(nullptr);
  std::string assignment = does.as_variable();
  std::vector<char*> variables{assignment.data()};
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) variables.push_back(*each);
  variables.push_back(nullptr);
  return start_this_program(connection.number(), arguments.data(), variables.data());
}

}  // namespace heddle::process
