// SPDX-License-Identifier: MIT
// Continuations, and futures of futures: each ends once, as what it waits for, and nothing leaks, is freed twice or
// touched after its end; while they are made, cancelled, asked to stop and dropped.
#include <heddle/future.hpp>
#include <optional>
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

/// A result whose accesses are watched.
using number = plain<int>;

/// A promise, which its keeper starts and keeps or leaves broken, and something that waits for it.
template <class Derived, int ThreadCount>
struct continued_model : model<Derived, ThreadCount> {
  std::optional<promise<number>> source;
  std::optional<future<number>> result;
  int calls = 0;

  void before() { source.emplace(); }
  void after() {
    result.reset();
    source.reset();
  }

  auto add_one() {
    return [this](number value) {
      ++calls;
      return number(value + 1);
    };
  }
  void keep() {
    if (source->set_running_or_notify_cancel()) source->set_value(41);
  }
  void check_ended(bool may_be_cancelled) {
    HEDDLE_MODEL_CHECK(result->done());
    HEDDLE_MODEL_CHECK(calls == (result->cancelled() ? 0 : 1));
    if (!result->cancelled()) HEDDLE_MODEL_CHECK(result->result() == 42);
    if (!may_be_cancelled) HEDDLE_MODEL_CHECK(!result->cancelled());
  }
};

/// then() while its call ends.
struct then_or_end : continued_model<then_or_end, 2> {
  std::optional<future<number>> from;

  void before() {
    continued_model::before();
    from.emplace(source->get_future());
  }
  void thread(unsigned index) {
    if (index == 0) return keep();
    result.emplace(std::move(*from).then(add_one()));
    result->wait();
    check_ended(false);
  }
};

/// The last of a chain is cancelled, and dropped, while the first one ends.
struct cancel_or_end : continued_model<cancel_or_end, 2> {
  void before() {
    continued_model::before();
    result.emplace(source->get_future().then([](number value) { return value; }).then(add_one()));
  }
  void thread(unsigned index) {
    if (index == 0) return keep();
    const bool cancelled = result->cancel();
    if (cancelled) HEDDLE_MODEL_CHECK(result->cancelled());
    if (choose(2) == 1) {
      result.reset();
    } else {
      result->wait();
      check_ended(cancelled);
    }
  }
};

/// An outer call ends while its inner one does, and while somebody asks for a stop and drops what he asked.
struct stop_or_end : continued_model<stop_or_end, 3> {
  std::optional<promise<void>> outer;
  bool was_stopped = false;

  void before() {
    continued_model::before();
    outer.emplace();
    result.emplace(outer->get_future().then([this] { return source->get_future(); }));
  }
  void thread(unsigned index) {
    if (index == 0) {
      if (outer->set_running_or_notify_cancel()) outer->set_value();
    } else if (index == 1) {
      keep();
    } else {
      was_stopped = result->request_stop();
      if (choose(2) == 1) result.reset();
    }
  }
  void after() {
    if (result.has_value()) {
      HEDDLE_MODEL_CHECK(result->done());
      HEDDLE_MODEL_CHECK(result->cancelled() == was_stopped);
      if (!was_stopped) HEDDLE_MODEL_CHECK(result->result() == 41);
    }
    outer.reset();
    continued_model::after();
  }
};

/// The inner call ends while its flattened future is asked to stop, and dropped.
struct stop_or_inner_end : continued_model<stop_or_inner_end, 2> {
  void before() {
    continued_model::before();
    promise<void> outer;
    outer.set_value();
    result.emplace(outer.get_future().then([this] { return source->get_future(); }));
  }
  void thread(unsigned index) {
    if (index == 0) return keep();
    const bool was_stopped = result->request_stop();
    if (was_stopped) HEDDLE_MODEL_CHECK(result->cancelled());
    if (choose(2) == 1) result.reset();
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("completion/flattened.hpp",
                 {
                     explore<then_or_end>("then or the end", at_most_switches(2)),
                     explore<cancel_or_end>("cancel or the end", at_most_switches(2)),
                     explore<stop_or_inner_end>("a stop or the inner end", at_most_switches(2)),
                     explore<stop_or_end>("a stop or both ends", random_runs(150'000)),
                 },
                 {});
  return models.run(argc, argv);
}
