// SPDX-License-Identifier: MIT
// How this program was started, and what it is to be where it was started by itself.
#pragma once

#include <fcntl.h>
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
#include <vector>

#include <heddle/process/server_messages.hpp>

namespace heddle::process {

/// What heddle::init() notes, which shows that this program gets there when it is started once more. Written before the
/// program has a second thread.
struct program {
  std::vector<std::string> arguments;  // that make this program of /proc/self/exe

  static program& current() {
    static program of_this_process;
    return of_this_process;
  }

  /// As exec takes them, with null at the end, as long as nobody changes them. Throws std::bad_alloc.
  [[nodiscard]] std::vector<char*> pointers() {
    std::vector<char*> all;
    all.reserve(arguments.size() + 1);
    for (std::string& each : arguments) all.push_back(each.data());
    all.push_back(nullptr);
    return all;
  }
};

/// What a program that is executed anew is to do, in one variable of its environment, and whose child it is then. Its
/// parent has made the connection that it finds as a descriptor.
struct assignment {
  enum class role : char { fork_server = 's', worker = 'w' };

  role does = role::fork_server;
  serial_number name = 0;
  pid_t parent = 0;

  static constexpr const char* variable = "HEDDLE_ASSIGNMENT";
  static constexpr int connection = 3;  // the number of its descriptor

  [[nodiscard]] std::string as_variable() const {
    return std::string(variable) + '=' + static_cast<char>(does) + std::to_string(name) + ',' + std::to_string(parent);
  }

  /// Of this process; nothing if it has none, or if somebody else has set the variable, which is gone afterwards. Where
  /// the parent is gone already, or the connection, this does not return: the process is of no use, and not to be what
  /// the program is otherwise.
  static std::optional<assignment> take() {
    const char* const text = std::getenv(variable);
    if (text == nullptr) return std::nullopt;
    const std::optional<assignment> found = in(text);
    ::unsetenv(variable);  // NOLINT(concurrency-mt-unsafe): nobody else looks yet
    if (!found.has_value() || ::getauxval(AT_SECURE) != 0) return std::nullopt;
    const bool is_child = ::getppid() == found->parent;
    const bool is_connected = has_connection_made_by(found->parent);
    if (!is_child && !is_connected) return std::nullopt;
    if (!is_child || !is_connected) ::_exit(1);
    ::fcntl(connection, F_SETFD, FD_CLOEXEC);
    return found;
  }

 private:
  static std::optional<assignment> in(const char* text) noexcept {
    assignment found;
    if (*text != static_cast<char>(role::fork_server) && *text != static_cast<char>(role::worker)) return std::nullopt;
    found.does = static_cast<role>(*text);
    const char* const end = text + std::strlen(text);
    const auto name = std::from_chars(text + 1, end, found.name);
    if (name.ec != std::errc() || *name.ptr != ',') return std::nullopt;
    const auto parent = std::from_chars(name.ptr + 1, end, found.parent);
    if (parent.ec != std::errc() || parent.ptr != end) return std::nullopt;
    return found;
  }

  static bool has_connection_made_by(pid_t parent) noexcept {
    ucred other{};
    socklen_t size = sizeof other;
    return ::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &other, &size) == 0 && other.pid == parent;
  }
};

}  // namespace heddle::process
