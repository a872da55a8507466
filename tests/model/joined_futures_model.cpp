// SPDX-License-Identifier: MIT
// Several futures as one: it ends once, when its rule says so, all nodes are told before it goes, and the losers are
// asked to stop.
#include <heddle/when_all.hpp>
#include <heddle/when_any.hpp>
#include <optional>
#include <tuple>
#include <utility>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::future;
using heddle::promise;
using heddle_model::choose;
using heddle_model::model;
using heddle_model::plain;

using number = plain<int>;

/// Two promises, which two threads keep, one of which may fail; and what joins their futures.
template <class Derived, int ThreadCount, class Joined>
struct joined_model : model<Derived, ThreadCount> {
  std::optional<promise<number>> sources[2];
  bool started[2] = {};
  bool fails[2] = {};
  std::optional<Joined> joined;

  void before() {
    for (auto& each : sources) each.emplace();
  }
  void keep(unsigned index) {
    started[index] = sources[index]->set_running_or_notify_cancel();
    if (!started[index]) return;
    if (fails[index]) return sources[index]->set_exception(std::make_exception_ptr(1));
    sources[index]->set_value(static_cast<int>(index));
  }
  void after() {
    HEDDLE_MODEL_CHECK(!joined.has_value() || joined->done());
    joined.reset();
    for (auto& each : sources) each.reset();
  }
};

using both = future<std::tuple<future<number>, future<number>>>;
using values = future<std::tuple<number, number>>;
using either = future<heddle::when_any_result<std::tuple<future<number>, future<number>>>>;

/// Two end while a third thread waits for both, cancels or drops.
struct all_or_cancel : joined_model<all_or_cancel, 3, both> {
  bool cancelled = false;

  void before() {
    joined_model::before();
    joined.emplace(heddle::when_all(sources[0]->get_future(), sources[1]->get_future()));
  }
  void thread(unsigned index) {
    if (index < 2) return keep(index);
    if (choose(2) == 1) {
      joined.reset();
    } else {
      cancelled = joined->cancel();
      HEDDLE_MODEL_CHECK(joined->cancelled() == cancelled);
    }
  }
  void after() {
    if (joined.has_value() && !cancelled) {
      HEDDLE_MODEL_CHECK(joined->done() && started[0] && started[1]);
      HEDDLE_MODEL_CHECK(std::get<0>(joined->result()).result() == 0);
      HEDDLE_MODEL_CHECK(std::get<1>(joined->result()).result() == 1);
    }
    joined_model::after();
  }
};

/// Two end, one of them perhaps by a failure, while a third thread waits for their values.
struct values_or_failure : joined_model<values_or_failure, 3, values> {
  void before() {
    joined_model::before();
    fails[1] = choose(2) == 1;
    joined.emplace(heddle::collect(sources[0]->get_future(), sources[1]->get_future()));
  }
  void thread(unsigned index) {
    if (index < 2) return keep(index);
    joined->wait();
    HEDDLE_MODEL_CHECK((joined->exception() != nullptr) == fails[1]);
    if (!fails[1]) HEDDLE_MODEL_CHECK(std::get<1>(joined->result()) == 1);
  }
};

/// The first of two, while they are joined and another thread takes the result.
struct any_is_made : joined_model<any_is_made, 3, either> {
  std::optional<future<number>> parts[2];

  void before() {
    joined_model::before();
    for (int i = 0; i < 2; ++i) parts[i].emplace(sources[i]->get_future());
  }
  void thread(unsigned index) {
    if (index < 2) return keep(index);
    joined.emplace(heddle::when_any(std::move(*parts[0]), std::move(*parts[1])));
    joined->wait();
    auto [first, all] = std::move(*joined).result();
    joined.reset();
    auto& winner = first == 0 ? std::get<0>(all) : std::get<1>(all);
    HEDDLE_MODEL_CHECK(winner.done() && winner.result() == static_cast<int>(first));
  }
  void after() {
    HEDDLE_MODEL_CHECK(started[0] || started[1]);
    joined_model::after();
  }
};

/// The same with a failure that ends all while they are joined.
struct values_are_made : joined_model<values_are_made, 3, values> {
  std::optional<future<number>> parts[2];

  void before() {
    joined_model::before();
    fails[choose(2)] = true;
    for (int i = 0; i < 2; ++i) parts[i].emplace(sources[i]->get_future());
  }
  void thread(unsigned index) {
    if (index < 2) return keep(index);
    joined.emplace(heddle::collect(std::move(*parts[0]), std::move(*parts[1])));
    joined->wait();
    HEDDLE_MODEL_CHECK(joined->exception() != nullptr);
    joined.reset();
  }
};

/// One that is done, or cancelled, while it is joined with another one that never is.
template <bool Cancels>
struct one_ends : model<one_ends<Cancels>, 2> {
  std::optional<promise<number>> source;
  std::optional<promise<number>> other;
  std::optional<heddle::shared_future<number>> part;
  std::optional<heddle::shared_future<number>> copy;

  void before() {
    source.emplace();
    other.emplace();
    part.emplace(source->get_future().share());
    copy = part;
  }
  void thread(unsigned index) {
    if (index == 0) {
      if (Cancels) {
        copy->cancel();
      } else {
        source->set_value(4);
      }
      copy.reset();
      return;
    }
    if (Cancels) {
      const auto joined = heddle::collect(std::move(*part), other->get_future());
      joined.wait();
      HEDDLE_MODEL_CHECK(joined.cancelled());
    } else {
      auto [first, all] = heddle::when_any(other->get_future(), std::move(*part)).result();
      HEDDLE_MODEL_CHECK(first == 1);
      HEDDLE_MODEL_CHECK(std::get<1>(all).done());
      HEDDLE_MODEL_CHECK(std::get<1>(all).result() == 4);
    }
    part.reset();
    HEDDLE_MODEL_CHECK(!other->set_running_or_notify_cancel());
  }
  void after() {
    source.reset();
    other.reset();
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("joined_futures.hpp",
                 {
                     explore<one_ends<false>>("one ends while it is joined", random_runs(100'000)),
                     explore<one_ends<true>>("one is cancelled while it is joined", random_runs(100'000)),
                     explore<all_or_cancel>("all or cancel", random_runs(100'000)),
                     explore<values_or_failure>("values or a failure", random_runs(100'000)),
                     explore<any_is_made>("the first while it is made", random_runs(100'000)),
                     explore<values_are_made>("a failure while it is made", random_runs(100'000)),
                 },
                 {});
  return models.run(argc, argv);
}
