// SPDX-License-Identifier: MIT
// A call after two others: it runs when both are done, or ends at once when one has failed, or is cancelled; and all
// nodes are told before it goes.
#include <heddle/inline_executor.hpp>
#include <heddle/submit_after.hpp>
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

using number = plain<int>;

/// Two promises, of whose futures one is lent and the other moved in.
template <class Derived, int ThreadCount>
struct dependent_model : model<Derived, ThreadCount> {
  heddle::inline_executor here;
  std::optional<promise<number>> sources[2];
  std::optional<future<number>> lent;
  std::optional<future<number>> moved;
  std::optional<future<number>> after_both;
  plain<int> by_lent{0};
  int calls = 0;
  bool fails[2] = {};

  void before() {
    for (auto& each : sources) each.emplace();
    lent.emplace(sources[0]->get_future());
    moved.emplace(sources[1]->get_future());
  }
  void make() {
    after_both.emplace(here.submit_after(*lent, std::move(*moved), [this](number value) {
      ++calls;
      HEDDLE_MODEL_CHECK(by_lent == 5);
      return number(value + 1);
    }));
  }
  void keep(unsigned index) {
    if (!sources[index]->set_running_or_notify_cancel()) return;
    if (index == 0) by_lent = 5;
    if (fails[index]) return sources[index]->set_exception(std::make_exception_ptr(1));
    sources[index]->set_value(static_cast<int>(index));
  }
  void check_ended() {
    HEDDLE_MODEL_CHECK(after_both->done());
    const bool has_value = !after_both->cancelled() && after_both->exception() == nullptr;
    HEDDLE_MODEL_CHECK(calls == (has_value ? 1 : 0));
    if (has_value) HEDDLE_MODEL_CHECK(after_both->result() == 2);
    if (!after_both->cancelled()) HEDDLE_MODEL_CHECK(has_value == !(fails[0] || fails[1]));
  }
  void after() {
    if (after_both.has_value()) check_ended();
    after_both.reset();
    lent.reset();
    for (auto& each : sources) each.reset();
  }
};

/// Two end, one of them perhaps by a failure, while a third thread cancels or drops.
struct ends_or_cancel : dependent_model<ends_or_cancel, 3> {
  void before() {
    dependent_model::before();
    fails[1] = choose(2) == 1;
    make();
    if (choose(2) == 1) lent.reset();
  }
  void thread(unsigned index) {
    if (index < 2) return keep(index);
    if (choose(2) == 1) {
      after_both.reset();
    } else {
      static_cast<void>(after_both->cancel());
    }
  }
};

/// It is made while those that it waits for end, and may fail.
struct made_while_they_end : dependent_model<made_while_they_end, 3> {
  void before() {
    dependent_model::before();
    const unsigned failing = choose(3);
    fails[0] = failing == 1;
    fails[1] = failing != 0;
  }
  void thread(unsigned index) {
    if (index < 2) return keep(index);
    make();
    after_both->wait();
    check_ended();
    after_both.reset();
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("completion/dependent.hpp",
                 {
                     explore<ends_or_cancel>("ends or cancel", random_runs(100'000)),
                     explore<made_while_they_end>("made while they end", random_runs(100'000)),
                 },
                 {
                     {"dependent::start acquire", "compilers want no less of success than of failure"},
                 });
  return models.run(argc, argv);
}
