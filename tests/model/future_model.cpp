// SPDX-License-Identifier: MIT
// Futures of tasks and of promises: results arrive, callables run once or never, nothing leaks, is freed twice or
// touched after its end.
#include <exception>
#include <heddle/completion/task.hpp>
#include <heddle/future.hpp>
#include <heddle/queue/job_home.hpp>
#include <heddle/sync/this_thread.hpp>
#include <optional>
#include <utility>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::future;
using heddle::promise;
using heddle::completion::state_word;
using heddle::queue::job;
using heddle_model::choose;
using heddle_model::model;
using heddle_model::plain;

constexpr std::chrono::hours some_time{1};

/// A result whose accesses are watched.
using number = plain<int>;

/// A callable that tells when it ran and when it was destroyed, which is before its future is done.
struct call {
  call(int& runs, plain<bool>& gone) : runs_(&runs), gone_(&gone) {}
  call(call&& other) noexcept : runs_(other.runs_), gone_(std::exchange(other.gone_, nullptr)) {}
  ~call() {
    if (gone_ != nullptr) *gone_ = true;
  }
  number operator()() {
    ++*runs_;
    return 42;
  }

 private:
  int* runs_;
  plain<bool>* gone_;
};

/// A task in the queue of a pool, which is `home`, and its future.
template <class Derived, int ThreadCount>
struct task_model : model<Derived, ThreadCount> {
  struct pool_home : heddle::queue::job_home {
  } home;
  int runs = 0;
  plain<bool> callable_gone{false};
  job* queued = nullptr;
  std::optional<future<number>> result;

  void before() {
    auto* const made = heddle::completion::make_task(&home, state_word::queued::yes, call(runs, callable_gone));
    queued = made;
    result.emplace(heddle::future_access::adopt<number>(made));
  }

  /// A worker takes it out of the queue.
  void pop() { queued->run(); }

  void check_value() {
    HEDDLE_MODEL_CHECK(result->done());
    HEDDLE_MODEL_CHECK(callable_gone);
    HEDDLE_MODEL_CHECK(result->result() == 42);
  }
  void check_done() {
    HEDDLE_MODEL_CHECK(result->done() && callable_gone);
    if (!result->cancelled()) check_value();
  }
};

struct waits_and_drops : task_model<waits_and_drops, 2> {
  void thread(unsigned index) {
    if (index == 0) return pop();
    result->wait();
    check_value();
    result.reset();
  }
  void after() { HEDDLE_MODEL_CHECK(runs == 1); }
};

/// What a pool's worker tells about itself.
struct worker_context final : heddle::sync::thread_context {
  using thread_context::thread_context;
  void about_to_block(const job*) noexcept override { ++blocked; }
  void resumed() noexcept override { --blocked; }
  int blocked = 0;
};

/// A worker waits for a task that another worker of the pool is about to pop.
struct worker_claims : task_model<worker_claims, 2> {
  void thread(unsigned index) {
    if (index == 0) return pop();
    worker_context here(&home);
    const heddle::sync::scoped_context worker(here);
    result->wait();
    HEDDLE_MODEL_CHECK(here.blocked == 0);
    check_value();
    result.reset();
  }
  void after() { HEDDLE_MODEL_CHECK(runs == 1); }
};

struct cancels_and_drops : task_model<cancels_and_drops, 2> {
  bool cancelled = false;
  void thread(unsigned index) {
    if (index == 0) return pop();
    cancelled = result->cancel();
    if (cancelled) HEDDLE_MODEL_CHECK(result->done() && callable_gone);
    result.reset();
  }
  void after() { HEDDLE_MODEL_CHECK(runs == (cancelled ? 0 : 1)); }
};

/// A closing executor refuses it, as cancelled or with an error.
struct refused_or_cancelled : task_model<refused_or_cancelled, 2> {
  std::exception_ptr error;
  bool cancelled = false;

  void before() {
    task_model::before();
    if (choose(2) == 1) error = std::make_exception_ptr(1);
  }
  void thread(unsigned index) {
    if (index == 0) return queued->refuse({error});
    cancelled = result->cancel();
    result->wait();
    HEDDLE_MODEL_CHECK(result->done() && callable_gone);
    HEDDLE_MODEL_CHECK(result->cancelled() == cancelled);
    if (!cancelled) HEDDLE_MODEL_CHECK(result->exception() == error);
    result.reset();
  }
  void after() {
    HEDDLE_MODEL_CHECK(runs == 0);
    HEDDLE_MODEL_CHECK(cancelled || error != nullptr);
  }
};

/// A wait that ends at its deadline, and then the future goes.
struct gives_up_and_drops : task_model<gives_up_and_drops, 2> {
  void thread(unsigned index) {
    if (index == 0) return pop();
    if (result->wait(some_time)) check_value();
    result.reset();
  }
  void after() { HEDDLE_MODEL_CHECK(runs == 1); }
};

/// A callback reads the result after the future's holder has let go of it.
struct callback_reads : task_model<callback_reads, 2> {
  plain<int> read{0};
  void thread(unsigned index) {
    if (index == 0) return pop();
    result->add_done_callback([this](const future<number>& done) { read = done.result(); });
    result.reset();
  }
  void after() { HEDDLE_MODEL_CHECK(read == 42); }
};

/// One worker pops it, another one claims it or sleeps, a third thread cancels it.
struct three_want_it : task_model<three_want_it, 3> {
  bool cancelled = false;
  void thread(unsigned index) {
    if (index == 0) return pop();
    if (index == 2) {
      cancelled = result->cancel();
      return;
    }
    worker_context here(&home);
    const heddle::sync::scoped_context worker(here);
    result->wait();
    check_done();
  }
  void after() {
    HEDDLE_MODEL_CHECK(runs == (cancelled ? 0 : 1));
    result.reset();
  }
};

/// A promise and its future.
template <class Derived, int ThreadCount>
struct promise_model : model<Derived, ThreadCount> {
  std::optional<promise<number>> source;
  std::optional<future<number>> result;

  void before() {
    source.emplace();
    result.emplace(source->get_future());
  }
};

struct promise_is_kept : promise_model<promise_is_kept, 2> {
  void thread(unsigned index) {
    if (index == 0) {
      source->set_value(42);
      source.reset();
    } else {
      result->wait();
      HEDDLE_MODEL_CHECK(result->result() == 42);
      result.reset();
    }
  }
};

/// The promise goes, started or not, while somebody waits.
struct promise_is_broken : promise_model<promise_is_broken, 2> {
  void thread(unsigned index) {
    if (index == 0) {
      if (choose(2) == 1) HEDDLE_MODEL_CHECK(source->set_running_or_notify_cancel());
      source.reset();
    } else {
      HEDDLE_MODEL_CHECK(result->exception() != nullptr);
      result.reset();
    }
  }
};

/// The promise goes or is kept while its future is cancelled and goes.
struct promise_or_cancel : promise_model<promise_or_cancel, 2> {
  bool kept = false;
  bool cancelled = false;
  void thread(unsigned index) {
    if (index == 0) {
      if (choose(2) == 1 && source->set_running_or_notify_cancel()) {
        kept = true;
        source->set_value(42);
      }
      source.reset();
    } else {
      cancelled = result->cancel();
      HEDDLE_MODEL_CHECK(!cancelled || result->cancelled());
      result.reset();
    }
  }
  void after() { HEDDLE_MODEL_CHECK(!(kept && cancelled)); }
};

/// The promise goes, one waits, one cancels.
struct three_end_a_promise : promise_model<three_end_a_promise, 3> {
  bool cancelled = false;
  void thread(unsigned index) {
    if (index == 0) {
      source.reset();
    } else if (index == 1) {
      result->wait();
      HEDDLE_MODEL_CHECK(result->done());
    } else {
      cancelled = result->cancel();
    }
  }
  void after() {
    HEDDLE_MODEL_CHECK(result->cancelled() == cancelled);
    result.reset();
  }
};

/// A result that tells how many there are.
struct counted {
  explicit counted(int& alive) : alive_(&alive) { ++alive; }
  counted(counted&& other) noexcept : counted(*other.alive_) {}
  ~counted() { --*alive_; }
  int* alive_;
};

/// A value is set while the future is cancelled and goes: one of them wins, and the value is destroyed once.
struct value_or_cancel : model<value_or_cancel, 2> {
  std::optional<promise<counted>> source;
  std::optional<future<counted>> result;
  int alive = 0;
  bool kept = true;
  bool cancelled = false;

  void before() {
    source.emplace();
    result.emplace(source->get_future());
  }
  void thread(unsigned index) {
    if (index == 0) {
      try {
        source->set_value(alive);
      } catch (const heddle::invalid_state_error&) {
        kept = false;
      }
      source.reset();
    } else {
      cancelled = result->cancel();
      HEDDLE_MODEL_CHECK(cancelled == result->cancelled());
      if (!cancelled) result->wait();
      HEDDLE_MODEL_CHECK(result->done());
      result.reset();
    }
  }
  void after() { HEDDLE_MODEL_CHECK(kept != cancelled && alive == 0); }
};

/// A callback destroys the promise and the future, as the value is set or as it is cancelled.
struct callback_destroys_the_promise : promise_model<callback_destroys_the_promise, 2> {
  plain<int> calls{0};
  void before() {
    promise_model::before();
    result->add_done_callback([this] {
      ++calls;
      source.reset();
    });
  }
  void thread(unsigned index) {
    if (index == 0) {
      source->set_value(42);
    } else {
      result.reset();
    }
  }
  void after() { HEDDLE_MODEL_CHECK(calls == 1); }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("",
                 {
                     explore<waits_and_drops>("waits and drops", at_most_switches(4)),
                     explore<worker_claims>("a worker claims", at_most_switches(4)),
                     explore<cancels_and_drops>("cancels and drops", everything),
                     explore<refused_or_cancelled>("refused or cancelled", at_most_switches(4)),
                     explore<gives_up_and_drops>("gives up and drops", at_most_switches(4)),
                     explore<callback_reads>("a callback reads", everything),
                     explore<three_want_it>("three want it", at_most_switches(2)),
                     explore<promise_is_kept>("the promise is kept", at_most_switches(3)),
                     explore<promise_is_broken>("the promise is broken", at_most_switches(3)),
                     explore<promise_or_cancel>("promise or cancel", at_most_switches(3)),
                     explore<value_or_cancel>("a value or a cancellation", at_most_switches(4)),
                     explore<callback_destroys_the_promise>("a callback destroys the promise", everything),
                     explore<three_end_a_promise>("three end a promise", at_most_switches(2)),
                 },
                 {});
  return models.run(argc, argv);
}
