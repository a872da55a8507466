// SPDX-License-Identifier: MIT
// For tests of how a process ends: the test runs itself once more, in a child process.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/catch.hpp"

#if __has_include(<catch2/interfaces/catch_interfaces_capture.hpp>)
#include <catch2/interfaces/catch_interfaces_capture.hpp>
#endif

extern char** environ;

namespace heddle_test {

/// How a child ended and what it wrote to both of its output streams.
struct ended_child {
  bool aborted = false;
  int exit_code = -1;
  std::string output;
};

/// True in the child that run_this_test_in_a_child() started.
inline bool in_the_child() { return std::getenv("HEDDLE_TEST_CHILD") != nullptr; }

/// Runs the test case that calls it, alone, in a new process of this program, in which in_the_child() is true.
inline ended_child run_this_test_in_a_child() {
  std::string test;
  for (const char character : Catch::getResultCapture().getCurrentTestName()) {
    if (character == ',' || character == '[') test += '\\';  // else they separate names, or begin a tag
    test += character;
  }
  std::string program = "/proc/self/exe";
  std::vector<char*> arguments{program.data(), test.data(), nullptr};
  std::string mark = "HEDDLE_TEST_CHILD=1";
  std::vector<char*> variables{mark.data()};
  for (char** variable = environ; *variable != nullptr; ++variable) variables.push_back(*variable);
  variables.push_back(nullptr);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  pid_t child = 0;
  const int error = ::posix_spawn(&child, program.c_str(), &actions, nullptr, arguments.data(), variables.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  if (error != 0) throw std::runtime_error("posix_spawn failed");

  ended_child ended;
  char buffer[512];
  ssize_t got = 0;
  while ((got = ::read(ends[0], buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR)) {
    if (got > 0) ended.output.append(buffer, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  ended.aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
  if (WIFEXITED(status)) ended.exit_code = WEXITSTATUS(status);
  return ended;
}

}  // namespace heddle_test
