// SPDX-License-Identifier: MIT
// Makes ids of its functions, and has a child process that it forks and one that runs it anew call them. It is linked
// in every way there is.
//
//     program KIND [SHARED_OBJECT]           the kind of identity that its modules must have, and one to open
//     program replaced SHARED_OBJECT OTHER   opens the one, and puts the other in its place
//     program reopened SHARED_OBJECT OTHER   the same, and closes the one and opens the other before it makes an id
//     again

#include <dlfcn.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>
#include <heddle/process/callable_id.hpp>
#include <heddle/process/module_table.hpp>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string>
#include <vector>

#include "library.hpp"

namespace {

namespace process = heddle::process;

constexpr int argument = 1000;

[[noreturn]] void fail(const std::string& why) {
  std::fprintf(stderr, "failed: %s\n", why.c_str());
  std::_Exit(1);
}

template <class Captureless>
int trampoline(int x) {
  return Captureless{}(x);
}

template <int N>
int plus(int x) {
  return x + N;
}

int twice(int x) { return 2 * x; }

/// What is sent for each function: its id, the record of its module, and what it must return.
struct message {
  process::sent_id id;
  process::module_record record;
  std::uint64_t has_record;
  int result;
  int is_in_opened;
};

class messages {
 public:
  messages(std::optional<process::module_identity> expected, process::reader where)
      : expected_(expected), sent_(where) {}

  void add(const process::callable_id& id, int result, bool is_in_opened = false) {
    message next{};
    next.id = sent_.encode(id, [&](const process::module_record& record) {
      next.record = record;
      next.has_record = 1;
      if (expected_ && record.identity != *expected_)
        fail("a module is known by another kind of identity than expected: " + std::string(record.path()));
      if (record.path().empty()) fail("a module has no path");
    });
    next.result = result;
    next.is_in_opened = is_in_opened ? 1 : 0;
    all.push_back(next);
  }

  std::vector<message> all;

 private:
  std::optional<process::module_identity> expected_;
  process::sent_modules sent_;
};

/// What takes the place of the shared object after that is opened.
struct replacement {
  const char* path = nullptr;
};

messages all_messages(std::optional<process::module_identity> expected, const char* to_open,
                      [[maybe_unused]] replacement other) {
  messages to_send(expected, expected == process::module_identity::content ? process::reader::anywhere
                                                                           : process::reader::on_this_machine);
  const auto captureless = [](int x) { return x - 1; };
  to_send.add(process::id_of<&trampoline<decltype(captureless)>>(), argument - 1);
  to_send.add(process::id_of<&plus<7>>(), argument + 7);
  to_send.add(process::id_of<&twice>(), 2 * argument);
  int (*const known_at_run_time)(int) = to_open == nullptr ? &twice : &plus<8>;
  to_send.add(process::id_of(known_at_run_time), known_at_run_time(argument));
#ifdef HEDDLE_TEST_LINKED
  to_send.add(process::id_of<&heddle_test_times_three>(), 3 * argument);
  to_send.add(process::id_of(heddle_test_hidden_function()), argument + 5);
#endif
#ifndef HEDDLE_TEST_STATIC
  if (to_open != nullptr) {
    void* const opened = ::dlopen(to_open, RTLD_NOW);
    if (opened == nullptr) fail(::dlerror());
    if (other.path != nullptr && std::rename(other.path, to_open) != 0) fail("rename");
    using maker = heddle_test_function (*)();
    to_send.add(process::id_of(reinterpret_cast<int (*)(int)>(::dlsym(opened, "heddle_test_times_three"))),
                3 * argument, true);
    to_send.add(process::id_of(reinterpret_cast<maker>(::dlsym(opened, "heddle_test_hidden_function"))()), argument + 5,
                true);
  }
#endif
  return to_send;
}

#ifndef HEDDLE_TEST_STATIC
/// The shared object at `path` as it is now, and as it is after `other` has taken its place: not the same module,
/// though it has the same path, the same size, and most likely the same address.
void check_reopened(const char* path, const char* other) {
  auto& modules = process::module_list::of_this_process();
  const auto record = [&](void* opened) {
    if (opened == nullptr) fail(::dlerror());
    return modules.record_of(*modules.find(::dlsym(opened, "heddle_test_times_three")).module);
  };
  void* const first = ::dlopen(path, RTLD_NOW);
  const process::module_record before = record(first);
  ::dlclose(first);
  if (std::rename(other, path) != 0) fail("rename");
  const process::module_record after = record(::dlopen(path, RTLD_NOW));
  if (before.path() != after.path()) fail("the path is another one");
  if (before.identity == after.identity && std::ranges::equal(before.id(), after.id()))
    fail("one is taken for the other");
  static_cast<void>(modules.find(after, process::missing_module::refuse));
  try {
    static_cast<void>(modules.find(before, process::missing_module::open));
    fail("what was unloaded is found");
  } catch (const process::callable_not_found& error) {
    std::printf("%s\n", error.what());
  }
}
#endif

/// Whether the children have the same shared object as the parent.
enum class shared_object { same, replaced };

/// In a child: reads messages from the standard input and does what they say.
int receive(shared_object its_file) {
  process::received_modules known(process::missing_module::open);
  std::size_t received = 0;
  for (message next; ::read(STDIN_FILENO, &next, sizeof next) == sizeof next; ++received) {
    if (next.has_record != 0) known.add(next.record);
    if (its_file == shared_object::replaced && next.is_in_opened != 0) {
      try {
        static_cast<void>(known.decode(next.id));
        fail("a function is found in a file that is another one");
      } catch (const process::callable_not_found& error) {
        std::printf("%s\n", error.what());
        continue;
      }
    }
    const void* const address = known.decode(next.id);
    const int result = reinterpret_cast<int (*)(int)>(const_cast<void*>(address))(argument);
    if (result != next.result) fail("a function returned " + std::to_string(result));
    for (const std::uint64_t wrong : {next.record.code_begin - 1, next.record.code_end, ~std::uint64_t{0}}) {
      if (next.has_record == 0) break;
      try {
        static_cast<void>(known.decode({next.id.module, wrong}));
        fail("an offset outside of the code is taken");
      } catch (const process::callable_not_found&) {
      }
    }
  }
  std::printf("%zu functions called, the first module is at %llx\n", received,
              static_cast<unsigned long long>(process::id_of<&twice>().module->base()));
  return received == 0 ? 1 : 0;
}

void feed(int to, pid_t child, const std::vector<message>& all) {
  for (const message& each : all) {
    if (::write(to, &each, sizeof each) != static_cast<ssize_t>(sizeof each)) fail("a child does not read");
  }
  ::close(to);
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0) fail("a child failed");
}

void send_to_forked(const std::vector<message>& all) {
  int ends[2];
  if (::pipe(ends) != 0) fail("pipe");
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(ends[0], STDIN_FILENO);
    ::close(ends[1]);
    const int code = receive(shared_object::same);  // it has the old one
    std::fflush(stdout);
    std::_Exit(code);
  }
  ::close(ends[0]);
  feed(ends[1], child, all);
}

void send_to_new(const std::vector<message>& all, shared_object its_file) {
  int ends[2];
  if (::pipe(ends) != 0) fail("pipe");
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
  ::posix_spawn_file_actions_addclose(&actions, ends[1]);
  char path[] = "/proc/self/exe";
  std::string argument_of_child = its_file == shared_object::same ? "child" : "child_of_replaced";
  char* arguments[] = {path, argument_of_child.data(), nullptr};
  pid_t child = 0;
  if (::posix_spawn(&child, path, &actions, nullptr, arguments, ::environ) != 0) fail("posix_spawn");
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(ends[0]);
  feed(ends[1], child, all);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string kind = argc > 1 ? argv[1] : "";
    if (kind == "child") return receive(shared_object::same);
    if (kind == "child_of_replaced") return receive(shared_object::replaced);
    std::optional<process::module_identity> expected;
    if (kind == "build_id") expected = process::module_identity::build_id;
    if (kind == "file") expected = process::module_identity::file;
    if (kind == "content") expected = process::module_identity::content;
    const char* const to_open = argc > 2 ? argv[2] : nullptr;
#ifndef HEDDLE_TEST_STATIC
    if (kind == "reopened") {
      check_reopened(argv[2], argv[3]);
      std::printf("all is well\n");
      return 0;
    }
#endif
    const auto to_send = all_messages(expected, to_open, {argc > 3 ? argv[3] : nullptr});
    send_to_forked(to_send.all);
    send_to_new(to_send.all, expected ? shared_object::same : shared_object::replaced);
    std::printf("all is well\n");
  } catch (const std::exception& error) {
    fail(error.what());
  }
}
