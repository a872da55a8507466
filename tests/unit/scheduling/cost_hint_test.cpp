// SPDX-License-Identifier: MIT
// cost_hint: what is learnt of the cost of items, and that the draw of what is measured favours nobody.

#include <heddle/scheduling/cost_hint.hpp>

#include <chrono>
#include <cstdint>

#include <support/catch.hpp>

using namespace std::chrono_literals;
using heddle::scheduling::cost_hint;
using heddle::scheduling::cost_hint_of;

TEST_CASE("a cost is unknown until it is learnt, and then a prediction is proportional", "[cost_hint]") {
  cost_hint hint;
  CHECK_FALSE(hint.is_known());
  CHECK(hint.predict(1000).count() == 0);
  hint.learn(100, 1us);
  CHECK(hint.is_known());
  CHECK(hint.predict(1) >= 10ns);
  CHECK(hint.predict(1) < 11ns);
  CHECK(hint.predict(1'000'000) == 1'000'000 * hint.predict(1));
}

TEST_CASE("a dearer item is believed at once, a cheaper one by and by", "[cost_hint]") {
  cost_hint hint;
  hint.learn(1, 1us);
  hint.learn(1, 100us);
  CHECK(hint.predict(1) >= 100us);
  hint.learn(1, 20us);
  CHECK(hint.predict(1) >= 79us);
  CHECK(hint.predict(1) <= 81us);
  for (int i = 0; i < 100; ++i) hint.learn(1, 20us);
  CHECK(hint.predict(1) < 27us);  // within a third nothing is written any more
}

TEST_CASE("a prediction for any number of items is long rather than wrong", "[cost_hint]") {
  cost_hint hint;
  hint.learn(1, 1h);
  CHECK(hint.predict(UINT64_MAX) > 1000h);
  CHECK(hint.predict(1) >= 1h);
}

TEST_CASE("each body has a cost of its own", "[cost_hint]") {
  struct one;
  struct other;
  cost_hint_of<one>.learn(1, 1us);
  CHECK(cost_hint_of<one>.is_known());
  CHECK_FALSE(cost_hint_of<other>.is_known());
}

TEST_CASE("of loops that take turns each is measured as often as the others", "[cost_hint]") {
  constexpr int loops = 8;
  constexpr int turns = 16'000;
  int drawn[loops] = {};
  for (int turn = 0; turn < turns; ++turn) {
    for (int& of_loop : drawn) of_loop += cost_hint::is_sample() ? 1 : 0;
  }
  for (const int of_loop : drawn) {
    CHECK(of_loop > turns / 16 * 3 / 4);
    CHECK(of_loop < turns / 16 * 5 / 4);
  }
}
