// SPDX-License-Identifier: MIT
// Who waits for a group returns when all its calls have ended, and may destroy it at once; each is made once, by who
// waits or by others, wherever it lies; what the first one threw is kept.
#include <new>
#include <optional>

#include <heddle/errors.hpp>
#include <heddle/priority.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/scheduling/pool.hpp>
#include <heddle/sync/this_thread.hpp>
#include <heddle/task_group.hpp>
#include <heddle/thread_pool_executor.hpp>

#include "model/checker.hpp"
#include "model/event_counter.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::cancelled_error;
using heddle::prioritized;
using heddle::priority;
using heddle::task_group;
using heddle::thread_pool_executor;
using heddle::queue::job;
using heddle::queue::refusal;
using heddle::scheduling::pool;
using heddle::scheduling::worker;
using heddle_model::choose;
using heddle_model::event_counter;
using heddle_model::model;
using heddle_model::plain;

/// Calls with a number, each of which is made once, or not at all if it is dropped.
template <class Derived, int ThreadCount, int Workers = 2>
struct group_model : model<Derived, ThreadCount> {
  static constexpr int most_calls = 3;

  pool home{Workers};
  thread_pool_executor executor{home};
  std::optional<task_group> group;
  plain<int> calls[most_calls] = {0, 0, 0};

  void call(int number) { calls[number] = calls[number] + 1; }
  void run(int number) {
    group->run([this, number] { call(number); });
  }
  /// As one that goes through the common queue, and the group's list.
  void make_listed() { group.emplace(prioritized<thread_pool_executor>(executor, priority::high)); }

  void wait_and_destroy() {
    group->wait();
    group.reset();
  }
  void check_calls(int count) {
    for (int i = 0; i != count; ++i) HEDDLE_MODEL_CHECK(calls[i] == 1);
  }
  /// As a worker: looks for jobs so many times, and runs what it finds, and what that leaves in its deque.
  void work(int looks) {
    worker& self = *home.worker_of_this_thread();
    for (int i = 0; i != looks; ++i) {
      if (job* const found = home.try_take(self)) found->run();
    }
    while (job* const left = self.jobs.try_pop()) left->run();
  }
  /// Others' jobs, and tombstones.
  void after() {
    while (job* const left = home.try_take(home.members().worker_at(0))) left->run();
  }
};

/// Another worker steals.
struct own_calls : group_model<own_calls, 2> {
  void thread(unsigned index) {
    if (index != 0) return work(2);
    group.emplace(executor);
    run(0);
    run(1);
    wait_and_destroy();
    check_calls(2);
  }
};

/// A call adds others, wherever it runs: who waits finds them in another one's deque.
struct calls_add_calls : group_model<calls_add_calls, 2> {
  void thread(unsigned index) {
    if (index != 0) return work(2);
    group.emplace(executor);
    group->run([this] {
      run(1);
      run(2);
      call(0);
    });
    wait_and_destroy();
    check_calls(3);
  }
};

/// Another worker runs a call that adds one and waits for it: who waits for the group has to run it, whether it finds
/// it in the deque of that worker or in the list. Of the list it hears when it sleeps, too.
template <bool Listed>
struct who_waits_is_needed : group_model<who_waits_is_needed<Listed>, 2> {
  event_counter first_is_there;
  event_counter may_wait;
  event_counter second_is_over;
  void thread(unsigned index) {
    if (index != 0) {
      first_is_there.wait_for(1);
      return this->work(1);
    }
    Listed ? this->make_listed() : static_cast<void>(this->group.emplace(this->executor));
    this->group->run([this] {
      if (Listed) may_wait.add_one();
      this->group->run([this] {
        this->call(1);
        second_is_over.add_one();
      });
      if (!Listed) may_wait.add_one();
      second_is_over.wait_for(1);
      this->call(0);
    });
    first_is_there.add_one();
    may_wait.wait_for(1);
    this->wait_and_destroy();
    this->check_calls(2);
  }
};

/// They lie in the common queue and in the list.
struct listed_calls : group_model<listed_calls, 2> {
  void thread(unsigned index) {
    if (index != 0) return work(2);
    make_listed();
    run(0);
    run(1);
    wait_and_destroy();
    check_calls(2);
  }
};

/// A thread that is no worker waits, and only sleeps.
struct waits_outside : group_model<waits_outside, 2, 1> {
  event_counter is_over;
  void thread(unsigned index) {
    if (index == 0) {
      while (calls_made < 2) {
        work(1);
        heddle::base::pause();
      }
      return;
    }
    group.emplace(executor);
    for (int i = 0; i != 2; ++i) {
      group->run([this, i] {
        HEDDLE_MODEL_CHECK(rl::thread_index() == 0);
        call(i);
        ++calls_made;
      });
    }
    wait_and_destroy();
    check_calls(2);
  }
  int calls_made = 0;
};

/// An outside thread adds calls while a worker waits, for which a call of that one lasts long enough.
struct adds_outside : group_model<adds_outside, 3> {
  event_counter group_is_there;
  event_counter has_added;
  void thread(unsigned index) {
    if (index == 0) {
      group.emplace(executor);
      group->run([this] {
        group_is_there.add_one();
        has_added.wait_for(1);
        call(0);
      });
      wait_and_destroy();
      check_calls(2);
    } else if (index == 1) {
      work(2);
    } else {
      group_is_there.wait_for(1);
      run(1);
      has_added.add_one();
    }
  }
};

/// Who has added a call is overtaken by its end, and by that of the group.
struct adds_the_last : group_model<adds_the_last, 2, 1> {
  event_counter group_is_there;
  bool is_made = false;
  void thread(unsigned index) {
    if (index == 0) {
      group.emplace(executor);
      group_is_there.add_one();
      while (!is_made) {
        group->wait();
        heddle::base::pause();
      }
      wait_and_destroy();
      check_calls(1);
    } else {
      group_is_there.wait_for(1);
      group->run([this] {
        call(0);
        is_made = true;
      });
    }
  }
};

/// Jobs of others lie above those of the group, and below: they are not run by who waits, and none is lost.
template <int Above, int Below>
struct others_are_there : group_model<others_are_there<Above, Below>, 2> {
  struct other_job : job {
    other_job() : job(&answer) {}
    static void answer(job& self, unsigned request, const refusal*) noexcept {
      if (request != run_request) return;
      auto& asked = static_cast<other_job&>(self);
      HEDDLE_MODEL_CHECK(rl::thread_index() != 0 || asked.waiter_is_gone);
      asked.calls = asked.calls + 1;
    }
    bool waiter_is_gone = false;
    plain<int> calls = 0;
  };
  other_job others[Above + Below];

  void thread(unsigned index) {
    if (index != 0) return this->work(2);
    worker& self = *this->home.worker_of_this_thread();
    this->group.emplace(this->executor);
    for (int i = 0; i != Below; ++i) this->home.queues().push_own(self, others[i]);
    this->run(0);
    this->run(1);
    for (int i = Below; i != Above + Below; ++i) this->home.queues().push_own(self, others[i]);
    this->wait_and_destroy();
    this->check_calls(2);
  }
  void after() {
    for (other_job& each : others) each.waiter_is_gone = true;
    group_model<others_are_there, 2>::after();
    for (other_job& each : others) HEDDLE_MODEL_CHECK(each.calls == 1);
  }
};

/// A wait that rethrows what a call threw, or 0.
template <class Derived>
struct failing_model : group_model<Derived, 2> {
  int error_of_wait() {
    try {
      this->group->wait();
    } catch (int thrown) {
      return thrown;
    } catch (const cancelled_error&) {
      return -1;
    }
    return 0;
  }
};

/// What the first one threw counts; the next wait starts anew.
struct calls_fail : failing_model<calls_fail> {
  int thrown_here[2] = {};  // by each thread: its first
  void fail(int number) {
    int& first = thrown_here[rl::thread_index()];
    if (first == 0) first = number;
    throw number;
  }
  void thread(unsigned index) {
    if (index != 0) return work(1);
    group.emplace(executor);
    group->run([this] { fail(1); });
    group->run([this] { fail(2); });
    const int error = error_of_wait();
    HEDDLE_MODEL_CHECK(error != 0 && (error == thrown_here[0] || error == thrown_here[1]));
    group->run([this] { fail(3); });
    HEDDLE_MODEL_CHECK(error_of_wait() == 3);
    run(0);
    HEDDLE_MODEL_CHECK(error_of_wait() == 0);
    group.reset();
    check_calls(1);
  }
};

/// The queue refuses a call that nobody has claimed.
struct a_call_is_refused : failing_model<a_call_is_refused> {
  void thread(unsigned index) {
    if (index != 0) {
      if (job* const refused = home.try_take(*home.worker_of_this_thread())) refused->refuse({});
      return;
    }
    make_listed();
    run(0);
    const int error = error_of_wait();
    group.reset();
    HEDDLE_MODEL_CHECK(calls[0] == (error == 0 ? 1 : 0));
  }
};

/// A call cancels the group: those that begin later are dropped, until the wait is over.
struct a_call_cancels : group_model<a_call_cancels, 2> {
  bool cancelled_here[2] = {};
  void thread(unsigned index) {
    if (index != 0) return work(2);
    group.emplace(executor);
    group->run([this, kept = plain<int>(0)]() mutable {
      HEDDLE_MODEL_CHECK(!cancelled_here[rl::thread_index()]);
      kept = 1;
    });
    group->run([this] {
      group->cancel();
      cancelled_here[rl::thread_index()] = true;
    });
    group->wait();
    run(0);
    wait_and_destroy();
    check_calls(1);
  }
};

/// The pool does not take a call, which is in the list already, where who waits may claim it.
struct the_pool_is_closed : group_model<the_pool_is_closed, 2, 1> {
  event_counter group_is_there;
  event_counter has_added;
  bool is_taken = true;
  void before() { choose(2) == 0 ? home.is_closed = true : home.has_no_memory = true; }
  void thread(unsigned index) {
    if (index == 0) {
      group_is_there.wait_for(1);
      group->wait();
      has_added.wait_for(1);
      wait_and_destroy();
      HEDDLE_MODEL_CHECK(calls[0] == (is_taken ? 1 : 0));
      return;
    }
    group.emplace(executor);
    group_is_there.add_one();
    try {
      run(0);
    } catch (pool::admission why) {
      HEDDLE_MODEL_CHECK(why == pool::admission::closed);
      is_taken = false;
    } catch (const std::bad_alloc&) {
      is_taken = false;
    }
    has_added.add_one();
  }
};

/// Two workers wait.
struct two_wait : group_model<two_wait, 2> {
  event_counter are_there;
  void thread(unsigned index) {
    if (index == 0) {
      make_listed();
      run(0);
      run(1);
      are_there.add_one();
    } else {
      are_there.wait_for(1);
    }
    group->wait();
    check_calls(2);
  }
  void after() {
    group.reset();
    group_model::after();
  }
};

/// The stack of who waits is nearly used up: another thread runs the call, if there is one for that.
struct the_stack_is_deep : group_model<the_stack_is_deep, 2, 1> {
  struct deep_context final : heddle::sync::thread_context {
    explicit deep_context(the_stack_is_deep& its_model) : thread_context(nullptr), model(its_model) {}
    void about_to_block(const job*) noexcept override {}
    void resumed() noexcept override {}
    bool is_deep() noexcept override { return true; }
    bool try_run_on_other_stack(void (*run)(void*) noexcept, void* argument) noexcept override {
      const bool is_there = choose(2) == 1;
      if (is_there) model.errand = {run, argument};
      model.is_decided.add_one();
      return is_there;
    }
    the_stack_is_deep& model;
  };
  worker::errand errand;
  event_counter is_decided;

  void thread(unsigned index) {
    if (index == 0) {
      deep_context context(*this);
      const heddle::sync::scoped_context installed(context);
      group.emplace(executor);
      run(0);
      wait_and_destroy();
      check_calls(1);
    } else {
      is_decided.wait_for(1);
      if (errand.run != nullptr) errand.run(errand.argument);
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models({"scheduling/group_job.hpp", "scheduling/other_stack.hpp"},
                 {
                     explore<own_calls>("own calls", at_most_switches(2)),
                     explore<calls_add_calls>("calls add calls", at_most_switches(1)),
                     explore<who_waits_is_needed<false>>("who waits steals", at_most_switches(1)),
                     explore<who_waits_is_needed<true>>("who waits claims", at_most_switches(1)),
                     explore<listed_calls>("listed calls", at_most_switches(2)),
                     explore<waits_outside>("waits outside", at_most_switches(1)),
                     explore<adds_outside>("adds outside", at_most_switches(1)),
                     explore<adds_the_last>("adds the last", at_most_switches(1)),
                     explore<others_are_there<1, 1>>("others above and below", at_most_switches(1)),
                     explore<others_are_there<3, 0>>("many others above", at_most_switches(1)),
                     explore<calls_fail>("calls fail", at_most_switches(1)),
                     explore<a_call_is_refused>("a call is refused", at_most_switches(2)),
                     explore<a_call_cancels>("a call cancels", at_most_switches(1)),
                     explore<the_pool_is_closed>("the pool is closed", at_most_switches(2)),
                     explore<two_wait>("two wait", at_most_switches(1)),
                     explore<the_stack_is_deep>("the stack is deep", at_most_switches(2)),
                 },
                 {});
  return models.run(argc, argv);
}
