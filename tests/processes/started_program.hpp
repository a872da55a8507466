// SPDX-License-Identifier: MIT
// Whole programs with worker processes, which tests start, talk to and stop: see program/.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

extern char** environ;

namespace heddle_test {

/// Whether there is such a process, and it is no zombie.
inline bool is_running(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  std::getline(stat, line);
  const std::size_t name_end = line.rfind(") ");
  return name_end != std::string::npos && line[name_end + 2] != 'Z' && line[name_end + 2] != 'X';
}

/// Waits until there is none; false after 2 s.
inline bool is_gone_soon(pid_t process) {
  for (int tries = 0; tries < 2000 && is_running(process); ++tries) ::usleep(1000);
  return !is_running(process);
}

/// The letter that the system has for what the process does: 'S' sleeps, 'T' is stopped.
inline char state_of(pid_t process) {
  std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
  std::string line;
  std::getline(stat, line);
  const std::size_t name_end = line.rfind(") ");
  return name_end == std::string::npos ? '?' : line[name_end + 2];
}

struct program_options {
  std::vector<std::string> before{};       // what the program is an argument of
  std::string path = HEDDLE_TEST_PROGRAM;  // its file
  std::vector<std::string> variables{};    // besides those of this process
  bool has_streams = true;                 // else descriptors 0 to 2 are closed
};

/// A program that runs, in a process group of its own; its streams are pipes, both outputs one. Killed in the end if
/// it runs still.
class started_program {
 public:
  explicit started_program(std::vector<std::string> arguments, const program_options& options = {}) {
    std::vector<std::string> words = options.before;
    words.push_back(options.path);
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<std::string> variables = options.variables;
    for (char** each = environ; *each != nullptr; ++each) variables.emplace_back(*each);
    int to[2];
    int from[2];
    if (::pipe2(to, O_CLOEXEC) != 0 || ::pipe2(from, O_CLOEXEC) != 0) throw std::runtime_error("pipe2 failed");
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    for (const auto& [given, number] : {std::pair(to[0], 0), std::pair(from[1], 1), std::pair(from[1], 2)}) {
      if (options.has_streams) {
        ::posix_spawn_file_actions_adddup2(&actions, given, number);
      } else {
        ::posix_spawn_file_actions_addclose(&actions, number);
      }
    }
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    const auto arguments_of = pointers(words);
    const auto variables_of = pointers(variables);
    const int error =
        ::posix_spawnp(&process_, words[0].c_str(), &actions, &attributes, arguments_of.data(), variables_of.data());
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    ::close(to[0]);
    ::close(from[1]);
    input_ = to[1];
    output_ = from[0];
    if (error != 0) throw std::runtime_error("posix_spawn failed: " + words[0]);
  }
  started_program(const started_program&) = delete;
  started_program& operator=(const started_program&) = delete;
  ~started_program() {
    close_input();
    ::close(output_);
    if (process_ == 0) return;
    ::kill(process_, SIGCONT);
    ::kill(process_, SIGKILL);
    wait();
  }

  [[nodiscard]] pid_t process() const { return process_; }

  void write(std::string_view text) const { static_cast<void>(::write(input_, text.data(), text.size())); }
  void close_input() {
    if (input_ >= 0) ::close(std::exchange(input_, -1));
  }

  /// The next line that it writes, without its end; what there is if there is no more.
  std::string read_line() {
    std::string line;
    for (char each = 0; read(&each, 1) == 1 && each != '\n';) line += each;
    return line;
  }
  /// All that it writes, until nobody can write any more.
  std::string read_all() {
    std::string all;
    char buffer[4096];
    for (ssize_t got = 0; (got = read(buffer, sizeof buffer)) > 0;) all.append(buffer, static_cast<std::size_t>(got));
    return all;
  }

  /// Waits for its end: what it ended with, or the number of a signal and 1000.
  int wait() {
    int status = -1;
    while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
    }
    process_ = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }

  /// Waits until the program, which is this one's child, has been stopped.
  void wait_until_stopped() const {
    int status = 0;
    while (::waitpid(process_, &status, WUNTRACED) < 0 && errno == EINTR) {
    }
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& of) {
    std::vector<char*> all;
    for (std::string& each : of) all.push_back(each.data());
    all.push_back(nullptr);
    return all;
  }

  ssize_t read(char* to, std::size_t size) const {
    ssize_t got = -1;
    while ((got = ::read(output_, to, size)) < 0 && errno == EINTR) {
    }
    return got;
  }

  pid_t process_ = 0;
  int input_ = -1;
  int output_ = -1;
};

/// How a program ended, and what it wrote.
struct ended_program {
  int code = -1;
  std::string output;
};

inline ended_program run_program(std::vector<std::string> arguments, const program_options& options = {},
                                 std::string_view input = {}) {
  started_program program(std::move(arguments), options);
  program.write(input);
  program.close_input();
  ended_program ended;
  ended.output = program.read_all();
  ended.code = program.wait();
  return ended;
}

}  // namespace heddle_test
