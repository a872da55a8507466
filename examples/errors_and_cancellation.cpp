// SPDX-License-Identifier: MIT
// What can go wrong with a call is in its future: an exception, a timeout, a cancellation.
//
// expected output: ^the call threw: no such customer$
// expected output: ^not yet$
// expected output: ^cancelled before it ran: true$
// expected output: ^told of it: true$
// expected output: ^slow call: 1$

#include <heddle/heddle.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>

using namespace std::chrono_literals;

int main() {
  std::cout << std::boolalpha;
  heddle::thread_pool_executor pool{{.max_workers = 1}};

  auto failing = pool.submit([]() -> int { throw std::runtime_error("no such customer"); });
  try {
    failing.result();
  } catch (const std::exception& error) {
    std::cout << "the call threw: " << error.what() << '\n';
  }

  heddle::promise<int> source;
  auto slow = pool.submit([input = source.get_future()]() mutable { return input.result(); });
  try {
    slow.result(10ms);
  } catch (const heddle::timeout_error&) {
    std::cout << "not yet\n";
  }

  auto queued = pool.submit([] { std::cout << "never printed\n"; });
  bool told = false;
  queued.add_done_callback([&](const heddle::future<void>& f) { told = f.cancelled(); });
  std::cout << "cancelled before it ran: " << queued.cancel() << '\n';
  std::cout << "told of it: " << told << '\n';

  source.set_value(1);
  std::cout << "slow call: " << slow.result() << '\n';
}
