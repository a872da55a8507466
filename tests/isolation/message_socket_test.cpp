// SPDX-License-Identifier: MIT
// What a connection between processes does where the system refuses for a while.
#include <heddle/process/message_socket.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include <heddle/process/descriptor.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>

using heddle::process::message_socket;

TEST_CASE("too many descriptors under way are no end of a connection", "[message_socket]") {
  const heddle_test::deadline limit;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto nobody = 200'000 + static_cast<uid_t>(::getpid());  // to whom the limit applies, and who has no others
    const rlimit few{20, 20};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) ::_exit(1);
    if (::geteuid() == 0 && ::setuid(nobody) != 0 && ::setuid(65534) != 0) ::_exit(2);
    auto [ours, theirs] = message_socket::make_pair();
    auto outcome = message_socket::outcome::done;
    int sent = 0;
    while (sent < 100 && outcome == message_socket::outcome::done) {
      outcome = ours.send(sent, {0, 1, 2}, MSG_DONTWAIT);
      ++sent;
    }
    // There would be room for more messages, but not for more descriptors.
    if (outcome != message_socket::outcome::not_now || sent == 100 || errno != ETOOMANYREFS) ::_exit(3);
    int received = 0;
    message_socket::descriptors with;
    while (theirs.receive(received, with, MSG_DONTWAIT) == message_socket::outcome::done) {
    }
    ::_exit(ours.send(sent, {0, 1, 2}, MSG_DONTWAIT) == message_socket::outcome::done ? 0 : 4);
  }
  int status = -1;
  heddle::process::retry_interrupted([&] { return ::waitpid(child, &status, 0); });
  CHECK(status == 0);
}
