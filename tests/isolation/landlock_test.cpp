// SPDX-License-Identifier: MIT
// Each version of Landlock that this kernel knows takes what it can.
#include <heddle/process/landlock.hpp>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstring>
#include <string>

#include <heddle/process/sandbox.hpp>
#include <support/catch.hpp>
#include <support/temporary_tree.hpp>

#include "isolation/sandboxed_child.hpp"

using heddle::process::landlock;
using heddle::process::landlock_restrictions;
using heddle::process::sandbox_options;
using heddle_test::child_end;
using heddle_test::done;
using heddle_test::error_of;
using heddle_test::in_a_child;

namespace {

/// In a child that uses no more than this version.
template <class Does>
child_end in_landlock(const landlock_restrictions& takes, int version, const Does& does) {
  return in_a_child([&] {
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    landlock::enter(takes, version);
    return static_cast<int>(does());
  });
}

/// Calls `check(version)` for all that there are.
template <class Check>
void for_each_version(const Check& check) {
  const int newest = landlock::version();
  if (newest == 0) SKIP("this kernel has no Landlock");
  for (int version = 1; version <= newest; ++version) {
    INFO("version " << version);
    check(version);
  }
}

int error_of_opening(const std::string& path, int flags = O_RDONLY) {
  return error_of(::open(path.c_str(), flags | O_CLOEXEC, 0600));
}

/// To an address where nobody listens.
int error_of_connecting() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(9);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return error_of(
      ::connect(::socket(AF_INET, SOCK_STREAM, 0), reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

int error_of_binding() {
  sockaddr_in address{};
  address.sin_family = AF_INET;  // to any port of this machine
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return error_of(
      ::bind(::socket(AF_INET, SOCK_STREAM, 0), reinterpret_cast<const sockaddr*>(&address), sizeof address));
}

constexpr char abstract_name[] = "\0heddle-landlock-test";

int error_of_connecting_to_a_name() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, abstract_name, sizeof abstract_name);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + sizeof abstract_name);
  return error_of(::connect(::socket(AF_UNIX, SOCK_DGRAM, 0), reinterpret_cast<const sockaddr*>(&address), size));
}

int listen_to_a_name() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, abstract_name, sizeof abstract_name);
  const int made = ::socket(AF_UNIX, SOCK_DGRAM, 0);
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + sizeof abstract_name);
  return ::bind(made, reinterpret_cast<const sockaddr*>(&address), size) == 0 ? made : -1;
}

}  // namespace

TEST_CASE("Landlock hides the memory and descriptors of other processes", "[landlock]") {
  const heddle_test::other_process other;
  const std::string folder = "/proc/" + std::to_string(other.number());
  const auto look = [&](const char* name) { return [folder, name] { return error_of_opening(folder + name); }; };
  for_each_version([&](int version) {
    for (const char* const name : {"/mem", "/fd/0"}) {
      INFO(name);
      if (in_a_child(look(name)) != done) WARN(name << " is hidden without Landlock, too");
      CHECK(in_landlock({}, version, look(name)) == child_end{EACCES, 0});
    }
    CHECK(in_landlock({}, version, look("/stat")) == done);
    CHECK(in_landlock({}, version, [] { return error_of_opening("/proc/self/mem", O_RDWR); }) == done);
  });
}

TEST_CASE("a worker in a sandbox cannot open the memory of its parent or of other workers", "[sandbox][landlock]") {
  if (landlock::version() == 0) SKIP("this kernel has no Landlock");
  const heddle_test::other_process other;
  for (const pid_t whose : {::getpid(), other.number()}) {
    const std::string memory = "/proc/" + std::to_string(whose) + "/mem";
    const auto open_memory = [&] { return error_of_opening(memory, O_RDWR); };
    if (in_a_child(open_memory) != done) WARN("it is hidden without Landlock, too");
    CHECK(heddle_test::in_a_sandbox(sandbox_options{}, open_memory) == child_end{EACCES, 0});
  }
}

TEST_CASE("Landlock without options leaves files as they are", "[landlock]") {
  for_each_version([&](int version) {
    const heddle_test::temporary_tree folder;
    folder.write("/a/file", "text");
    folder.write("/b/other", "text");
    const std::string root = folder.root();
    CHECK(in_landlock({}, version, [&] { return error_of_opening(root + "/a/file", O_RDWR | O_TRUNC); }) == done);
    CHECK(in_landlock({}, version, [&] { return error_of_opening(root + "/a/new", O_CREAT | O_WRONLY); }) == done);
    CHECK(in_landlock({}, version, [&] { return error_of(::mknod((root + "/a/pipe").c_str(), S_IFIFO | 0600, 0)); }) ==
          done);
    CHECK(in_landlock({}, version, [&] { return error_of(::unlink((root + "/a/new").c_str())); }) == done);
    CHECK(in_landlock({}, version, [&] {
            return error_of(::rename((root + "/a/file").c_str(), (root + "/b/file").c_str()));
          }) == (version == 1 ? child_end{EXDEV, 0} : done));
  });
}

TEST_CASE("Landlock makes a file system read-only", "[landlock]") {
  for_each_version([&](int version) {
    const heddle_test::temporary_tree folder;
    folder.write("/folder/file", "text");
    folder.write("/empty/../file", "text");
    const std::string file = folder.root() + std::string("/folder/file");
    const std::string made = folder.root() + std::string("/new");
    const auto changes = [&](const auto& does) {
      return in_landlock({.read_only_filesystem = true}, version, [&] { return error_of(does()); });
    };
    const child_end refused{EACCES, 0};
    CHECK(changes([&] { return ::open(file.c_str(), O_WRONLY); }) == refused);
    CHECK(changes([&] { return ::open(made.c_str(), O_CREAT | O_RDONLY, 0600); }) == refused);
    CHECK(changes([&] { return ::mkdir(made.c_str(), 0700); }) == refused);
    CHECK(changes([&] { return ::mknod(made.c_str(), S_IFIFO | 0600, 0); }) == refused);
    CHECK(changes([&] { return ::symlink("x", made.c_str()); }) == refused);
    CHECK(changes([&] { return ::mknod(made.c_str(), S_IFSOCK | 0600, 0); }) == refused);
    CHECK(changes([&] { return ::mknod(made.c_str(), S_IFCHR | 0600, 0); }).returned != 0);
    CHECK(changes([&] { return ::mknod(made.c_str(), S_IFBLK | 0600, 0); }).returned != 0);
    CHECK(changes([&] { return ::unlink(file.c_str()); }) == refused);
    CHECK(changes([&] { return ::rmdir((folder.root() + std::string("/empty")).c_str()); }) == refused);
    CHECK(changes([&] { return ::rename(file.c_str(), made.c_str()); }).returned != 0);
    CHECK(changes([&] { return ::open(file.c_str(), O_RDONLY); }) == done);
    CHECK(changes([&] { return ::truncate(file.c_str(), 0); }) == (version >= 3 ? refused : done));
  });
}

TEST_CASE("Landlock keeps signals in, from version 6 on", "[landlock]") {
  const heddle_test::other_process other;
  for_each_version([&](int version) {
    CHECK(in_landlock({}, version, [&] { return error_of(::kill(other.number(), 0)); }) ==
          (version >= 6 ? child_end{EPERM, 0} : done));
    CHECK(in_landlock({}, version, [] { return error_of(::kill(::getpid(), 0)); }) == done);
  });
}

TEST_CASE("Landlock keeps a worker from connecting, as far as it can", "[landlock]") {
  const heddle::process::descriptor listens(listen_to_a_name());
  REQUIRE(listens.is_open());
  for_each_version([&](int version) {
    const landlock_restrictions no_network{.no_network = true};
    CHECK(in_landlock({}, version, error_of_connecting) == child_end{ECONNREFUSED, 0});
    CHECK(in_landlock(no_network, version, error_of_connecting) ==
          (version >= 4 ? child_end{EACCES, 0} : child_end{ECONNREFUSED, 0}));
    CHECK(in_landlock({}, version, error_of_binding) == done);
    CHECK(in_landlock(no_network, version, error_of_binding) == (version >= 4 ? child_end{EACCES, 0} : done));
    CHECK(in_landlock({}, version, error_of_connecting_to_a_name) == done);
    CHECK(in_landlock(no_network, version, error_of_connecting_to_a_name) ==
          (version >= 6 ? child_end{EPERM, 0} : done));
  });
}
