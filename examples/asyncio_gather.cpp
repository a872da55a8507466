// SPDX-License-Identifier: MIT
// Coroutines that wait beside each other: ten that sleep as if for the network, and one call that blocks a thread.
//
// expected output: ^10 pages, 80 bytes$
// expected output: ^checksum 614$
// expected output: ^faster than one after the other: yes$
#include <chrono>
#include <cstddef>
#include <heddle/asyncio.hpp>
#include <iostream>
#include <numeric>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace asyncio = heddle::asyncio;
using namespace std::chrono_literals;

asyncio::task<std::string> fetch(std::string page) {
  co_await asyncio::sleep(100ms);  // everything else goes on meanwhile
  co_return "<" + page + ">";
}

int checksum(const std::string& text) {
  std::this_thread::sleep_for(100ms);  // a library that only knows blocking calls
  return std::accumulate(text.begin(), text.end(), 0);
}

asyncio::task<void> amain() {
  std::vector<asyncio::task<std::string>> downloads;
  for (char number = '0'; number <= '9'; ++number) downloads.push_back(fetch(std::string("page ") + number));

  auto [pages, sum] = co_await asyncio::gather(asyncio::gather(std::move(downloads)),  //
                                               asyncio::to_thread(checksum, "heddle"));
  std::size_t bytes = 0;
  for (const std::string& page : pages) bytes += page.size();
  std::cout << pages.size() << " pages, " << bytes << " bytes\n" << "checksum " << sum << '\n';
}

int main() {
  const auto begin = std::chrono::steady_clock::now();
  asyncio::run(amain());
  const auto took = std::chrono::steady_clock::now() - begin;
  std::cout << "faster than one after the other: " << (took < 11 * 100ms ? "yes" : "no") << '\n';
}
