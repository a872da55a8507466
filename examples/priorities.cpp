// SPDX-License-Identifier: MIT
// A request is answered at once while a thousand pictures wait to be made small: calls have priorities.
//
// expected output: ^answer 42 while there was work left$
// expected output: ^1000 small pictures, 1001 calls, nothing queued$

#include <heddle/heddle.hpp>

#include <chrono>
#include <iostream>
#include <ranges>
#include <thread>

int make_small(int picture) {
  std::this_thread::sleep_for(std::chrono::milliseconds(1));
  return picture;
}

int answer(int request) { return request; }

int main() {
  heddle::thread_pool_executor pool{{.max_workers = 2, .order = heddle::order::fifo}};

  auto background = pool.with(heddle::priority::background);
  auto pictures = background.submit_bulk(make_small, std::views::iota(0, 1000));
  auto answered = pool.with(heddle::priority::high).submit(answer, 42);

  std::cout << "answer " << answered.result()
            << (pictures.back().done() ? " when all was done\n" : " while there was work left\n");

  int small = 0;
  for (auto& picture : pictures) small += picture.result() >= 0 ? 1 : 0;
  pool.shutdown();
  const heddle::thread_pool_stats stats = pool.stats();
  std::cout << small << " small pictures, " << stats.jobs_run << " calls, "
            << (stats.queued_jobs == 0 ? "nothing" : "something") << " queued\n";
}
