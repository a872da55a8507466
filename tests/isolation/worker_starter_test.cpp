// SPDX-License-Identifier: MIT
// Orders for workers where the server does not take them: nobody waits, and none is forgotten.
#include <heddle/process/worker_starter.hpp>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <utility>

#include <heddle/process/descriptor.hpp>
#include <heddle/process/environment.hpp>
#include <heddle/process/event_descriptor.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>

#include "isolation/obedient_worker.hpp"

using namespace std::chrono_literals;
using heddle::process::message_socket;
using heddle::process::report_box;
using heddle::process::server_report;
using heddle::process::worker_starter;

namespace {

constexpr int more_than_fit = 400;

/// Who orders workers, and all workers have one connection with.
class customer {
 public:
  void order() {
    const std::array given = {folder_.number(), variables_.number(), theirs_.number()};
    static_cast<void>(starter_.order(what_, given, box_));
  }

  /// Does what a supervisor does, until there are so many reports of `kinds`, together.
  void wait_for(int count, std::initializer_list<server_report::kind> kinds) {
    for (;;) {
      int found = 0;
      for (const auto kind : kinds) found += reports_[kind];
      if (found >= count) return;
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(starter_.next_time() - worker_starter::clock::now());
      const auto server = starter_.what_to_watch().server;
      pollfd asked[] = {{kicked_.number(), POLLIN, 0}, {server != nullptr ? server->number() : -1, POLLIN, 0}};
      static_cast<void>(::poll(asked, 2, static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 10'000))));
      kicked_.clear();
      starter_.hand_on();
      starter_.tend();
      while (const auto next = box_.try_take()) ++reports_[next->report.what];
    }
  }

  [[nodiscard]] int count(server_report::kind what) { return reports_[what]; }
  [[nodiscard]] worker_starter& starter() const { return starter_; }

  /// Of one worker that there is.
  [[nodiscard]] heddle_test::facts ask() const {
    heddle_test::facts answer;
    message_socket::descriptors none;
    static_cast<void>(ours_.send(heddle_test::command{}));
    static_cast<void>(ours_.receive(answer, none));
    return answer;
  }

  /// Workers end.
  void leave() {
    ours_ = message_socket(heddle::process::descriptor());
    theirs_ = message_socket(heddle::process::descriptor());
  }

 private:
  customer(worker_starter& starter, std::pair<message_socket, message_socket> ends)
      : starter_(starter), ours_(std::move(ends.first)), theirs_(std::move(ends.second)) {}

 public:
  explicit customer(worker_starter& starter) : customer(starter, message_socket::make_pair()) {}

 private:
  worker_starter& starter_;
  const heddle::process::event_descriptor kicked_ = heddle::process::event_descriptor::make();
  report_box box_{kicked_};
  message_socket ours_;
  message_socket theirs_;
  const heddle::process::descriptor folder_ = heddle::process::surroundings::working_folder();
  const heddle::process::descriptor variables_ = heddle::process::environment::of_this_process().as_file();
  const heddle::process::spawn_order what_{.where = heddle::process::surroundings::of_this_process()};
  std::map<server_report::kind, int> reports_;
};

/// Runs it in a copy of this process, whose servers are not those of other tests. 0 if `run(customer)` is.
template <class Run>
int in_another_process(const Run& run) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    worker_starter& starter = worker_starter::of_this_process(heddle::process::start_method::fork_server);
    starter.begin();
    customer orders(starter);
    orders.order();
    orders.wait_for(1, {server_report::kind::started});
    ::_exit(run(orders, orders.ask().parent));
  }
  int status = -1;
  heddle::process::retry_interrupted([&] { return ::waitpid(child, &status, 0); });
  return status;
}

/// More orders than the connection with the server, which is stopped, takes.
bool order_too_many(customer& orders) {
  for (int i = 0; i < more_than_fit; ++i) orders.order();
  return orders.starter().next_time() < worker_starter::clock::now() + 1s;  // it is to send again soon
}

}  // namespace

TEST_CASE("orders wait for a server that is stopped, and who gives them does not", "[worker_starter]") {
  const heddle_test::deadline limit;
  CHECK(in_another_process([](customer& orders, pid_t server) {
          ::kill(server, SIGSTOP);
          if (!order_too_many(orders)) return 1;
          ::kill(server, SIGCONT);
          orders.wait_for(1 + more_than_fit, {server_report::kind::started});
          if (orders.ask().parent != server) return 2;
          orders.leave();
          orders.wait_for(1 + more_than_fit, {server_report::kind::ended});
          return 0;
        }) == 0);
}

TEST_CASE("a server that is killed loses the orders that it has got, and no others", "[worker_starter]") {
  const heddle_test::deadline limit;
  CHECK(in_another_process([](customer& orders, pid_t server) {
          ::kill(server, SIGSTOP);
          if (!order_too_many(orders)) return 1;
          ::kill(server, SIGKILL);
          orders.wait_for(2 + more_than_fit, {server_report::kind::started, server_report::kind::lost});
          const int lost = orders.count(server_report::kind::lost);
          const int started = orders.count(server_report::kind::started);
          if (lost < 2 || started < 2 || lost + started != 2 + more_than_fit) return 2;
          return orders.ask().parent != server ? 0 : 3;
        }) == 0);
}

TEST_CASE("the next server gets what was ordered while there was none, whoever starts it", "[worker_starter]") {
  const heddle_test::deadline limit;
  CHECK(in_another_process([](customer& orders, pid_t server) {
          ::alarm(10);  // none may come for ever
          ::kill(server, SIGKILL);
          while (orders.starter().what_to_watch().server != nullptr) orders.starter().hand_on();
          orders.order();
          orders.starter().begin();
          orders.wait_for(2, {server_report::kind::started});
          return orders.ask().parent != server ? 0 : 1;
        }) == 0);
}

TEST_CASE("a server that stays stopped is killed, and the next one starts what is ordered then", "[worker_starter]") {
  const heddle_test::deadline limit;
  CHECK(in_another_process([](customer& orders, pid_t server) {
          ::kill(server, SIGSTOP);
          orders.order();
          orders.wait_for(2, {server_report::kind::lost});  // and the worker that there was
          if (::kill(server, 0) == 0) orders.starter().tend();
          if (::kill(server, 0) == 0) return 1;
          orders.order();
          orders.wait_for(2, {server_report::kind::started});
          return orders.ask().parent != server ? 0 : 2;
        }) == 0);
}
