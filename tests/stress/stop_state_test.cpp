// SPDX-License-Identifier: MIT
// Callbacks come, go and are destroyed by others while threads request stop and drop sources.
#include <heddle/base/stop_state.hpp>

#include <atomic>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

using heddle::base::stop_callback;
using heddle::base::stop_source;
using heddle::base::stop_token;
using heddle_test::scaled;

namespace {

/// Takes its time to write to its owner's memory, which is no atomic: a call that nobody waits for is a race.
struct count {
  int* calls;
  void operator()() const noexcept {
    const int before = *calls;
    std::this_thread::yield();
    *calls = before + 1;
  }
};

/// Each thread calls act(round, thread), for all rounds, one round after the other; before_round(round) runs between.
template <class Before, class Act>
void in_rounds(std::size_t threads, std::size_t rounds, Before before_round, Act act) {
  std::size_t round = 0;
  before_round(round);
  std::barrier together(static_cast<std::ptrdiff_t>(threads), [&]() noexcept {
    if (++round < rounds) before_round(round);
  });
  std::vector<std::thread> running;
  for (std::size_t i = 0; i != threads; ++i) {
    running.emplace_back([&, i] {
      for (std::size_t r = 0; r != rounds; ++r) {
        act(i);
        together.arrive_and_wait();
      }
    });
  }
  for (auto& each : running) each.join();
}

}  // namespace

TEST_CASE("callbacks that come and go while stop is requested are called once or not at all", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  std::optional<stop_source> source;
  std::atomic<int> wrong{0};
  std::atomic<int> first_requests{0};
  const std::size_t rounds = scaled(3000);
  in_rounds(
      4, rounds, [&](std::size_t) { source.emplace(); },
      [&](std::size_t thread) {
        const stop_token token = source->get_token();
        if (thread < 2) {
          std::this_thread::yield();
          first_requests += source->request_stop() ? 1 : 0;
          return;
        }
        for (int i = 0; i != 20; ++i) {
          int calls[3] = {};
          {
            const bool was_requested = token.stop_requested();
            const stop_callback first(token, count{&calls[0]});
            std::optional<stop_callback<count>> second(std::in_place, token, count{&calls[1]});
            const stop_callback third(token, count{&calls[2]});
            second.reset();
            calls[1] += was_requested && calls[1] == 0 ? 10 : 0;
          }
          for (const int each : calls) wrong += each > 1 ? 1 : 0;
        }
      });
  CHECK(wrong == 0);
  CHECK(first_requests == static_cast<int>(rounds));
}

TEST_CASE("a callback that stays is called, whenever it came", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  std::optional<stop_source> source;
  std::optional<stop_callback<count>> callbacks[3];
  int calls[3] = {};
  int missed = 0;
  in_rounds(
      4, scaled(10'000),
      [&](std::size_t round) {
        for (int i = 0; i != 3; ++i) {
          callbacks[i].reset();
          missed += round != 0 && calls[i] != 1 ? 1 : 0;
          calls[i] = 0;
        }
        source.emplace();
      },
      [&](std::size_t thread) {
        if (thread == 3) {
          source->request_stop();
        } else {
          callbacks[thread].emplace(source->get_token(), count{&calls[thread]});
        }
      });
  CHECK(missed == 0);
}

TEST_CASE("callbacks destroy themselves and each other while others are destroyed", "[stress]") {
  const heddle_test::deadline limit(std::chrono::seconds(250));
  struct destroyer {
    std::unique_ptr<stop_callback<destroyer>>* callbacks;
    void operator()() const noexcept {
      std::unique_ptr<stop_callback<destroyer>>* const both = callbacks;
      both[0].reset();
      both[1].reset();
    }
  };
  std::unique_ptr<stop_callback<destroyer>> inside[2];
  std::optional<stop_callback<count>> outside;
  std::optional<stop_source> sources[2];
  int calls = 0;
  int wrong = 0;
  in_rounds(
      3, scaled(10'000),
      [&](std::size_t) {
        wrong += inside[0] != nullptr || inside[1] != nullptr ? 1 : 0;
        calls = 0;
        sources[1] = sources[0].emplace();
        for (auto& each : inside) {
          each = std::make_unique<stop_callback<destroyer>>(sources[0]->get_token(), destroyer{inside});
        }
        outside.emplace(sources[0]->get_token(), count{&calls});
      },
      [&](std::size_t thread) {
        if (thread == 0) {
          sources[0]->request_stop();
          sources[0].reset();
        } else if (thread == 1) {
          sources[1].reset();
        } else {
          outside.reset();
          wrong += calls > 1 ? 1 : 0;
        }
      });
  CHECK(wrong == 0);
}
