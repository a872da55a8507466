// SPDX-License-Identifier: MIT
#include <heddle/coro/list_link.hpp>
#include <support/catch.hpp>
#include <vector>

namespace {

struct element : heddle::coro::list_link {
  explicit element(int its_name) : name(its_name) {}
  int name;
};

std::vector<int> names(heddle::coro::list_link& head) {
  std::vector<int> all;
  for (auto* link = &head.following(); link != &head; link = &link->following()) {
    all.push_back(static_cast<element*>(link)->name);
  }
  return all;
}

}  // namespace

TEST_CASE("a list keeps the order of insertion, and its elements leave without knowing it", "[coro][list_link]") {
  heddle::coro::list_link head;
  element one(1);
  element two(2);
  element three(3);
  CHECK(head.alone());

  head.insert(one);
  head.insert(two);
  head.insert(three);
  CHECK(names(head) == std::vector<int>{1, 2, 3});

  two.leave();
  CHECK(names(head) == std::vector<int>{1, 3});
  CHECK(two.alone());

  one.leave();
  three.leave();
  CHECK(head.alone());
}

TEST_CASE("a list is taken over whole, in order", "[coro][list_link]") {
  heddle::coro::list_link from;
  heddle::coro::list_link to;
  element one(1);
  element two(2);
  from.insert(one);
  from.insert(two);

  to.take(from);

  CHECK(from.alone());
  CHECK(names(to) == std::vector<int>{1, 2});
}
