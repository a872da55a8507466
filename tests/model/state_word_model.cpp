// SPDX-License-Identifier: MIT
// The state word: one owner, no waiter told twice, late or never, and exactly one who frees.
#include <heddle/completion/state_word.hpp>

#include "model/checker.hpp"
#include "model/model.hpp"
#include "model/plain.hpp"

namespace {

using heddle::completion::blocked_thread;
using heddle::completion::blocked_waiter;
using heddle::completion::has_not_begun;
using heddle::completion::is_terminal;
using heddle::completion::phase;
using heddle::completion::state_word;
using heddle::completion::waiter;
using heddle_model::choose;
using heddle_model::model;
using heddle_model::plain;
using last_owner = state_word::last_owner;
using dequeue_result = state_word::dequeue_result;

constexpr heddle::sync::deadline some_time{};

/// A worker pops the task, a waiter claims it, and cancel() does.
struct one_owner : model<one_owner, 3> {
  state_word word{state_word::queued::yes};
  plain<int> result;
  int owners = 0;
  phase ended = phase::pending;

  void thread(unsigned index) {
    phase found = phase::pending;
    if (index == 0) {
      if (word.leave_queue(phase::running) == dequeue_result::claimed) end(phase::value);
    } else if (index == 1) {
      found = word.try_claim(phase::running);
      if (found == phase::pending) end(phase::value);
    } else {
      found = word.try_claim(phase::cancelling);
      if (found == phase::pending) end(phase::cancelled);
    }
    if (is_terminal(word.current())) HEDDLE_MODEL_CHECK(result == 42);
    losers_saw[index] = found;
  }

  void end(phase as) {
    ++owners;
    ended = as;
    result = 42;
    HEDDLE_MODEL_CHECK(word.complete(as) == last_owner::no);
  }

  void after() {
    HEDDLE_MODEL_CHECK(owners == 1);
    HEDDLE_MODEL_CHECK(word.current() == ended);
    for (const phase saw : losers_saw) {
      if (saw == phase::running) HEDDLE_MODEL_CHECK(ended == phase::value);
      if (saw == phase::cancelling) HEDDLE_MODEL_CHECK(ended == phase::cancelled);
      if (is_terminal(saw)) HEDDLE_MODEL_CHECK(saw == ended);
    }
  }

  phase losers_saw[3] = {};
};

/// A task that ends while one thread waits for it, another one until a deadline.
struct sleepers : model<sleepers, 3> {
  state_word word{state_word::queued::no};
  plain<int> result;
  int left_early = 0;

  void before() { HEDDLE_MODEL_CHECK(word.try_claim(phase::running) == phase::pending); }

  void thread(unsigned index) {
    if (index == 0) {
      result = 42;
      HEDDLE_MODEL_CHECK(word.complete(phase::value) == last_owner::no);
    } else if (wait(index == 1 ? some_time : heddle::sync::no_deadline)) {
      HEDDLE_MODEL_CHECK(result == 42);
      HEDDLE_MODEL_CHECK(word.current() == phase::value);
    } else {
      HEDDLE_MODEL_CHECK(index == 1);
    }
  }

  /// As state_base::sleep_until(): the sleeper's frame ends when it returns.
  bool wait(heddle::sync::deadline until) {
    blocked_thread sleeper{1};
    blocked_waiter node{sleeper};
    if (!word.try_add(node)) return true;
    if (sleeper.wait_until(until)) return true;
    if (word.try_remove(node)) return false;
    return sleeper.wait_until(heddle::sync::no_deadline);
  }
};

/// A node that counts how often it is told.
struct counting_node : waiter {
  counting_node()
      : waiter(kind::continuation, [](waiter& self) noexcept {
          auto& told = static_cast<counting_node&>(self).times_told;
          told = told + 1;
        }) {}
  plain<int> times_told{0};
};

/// Nodes of a list that others add to, take from and tell: each is told once, or taken out and never touched again.
template <class Derived, int ThreadCount>
struct list_model : model<Derived, ThreadCount> {
  state_word word{state_word::queued::no};
  counting_node* nodes[4] = {};
  bool expected[4] = {};

  void before() {
    for (counting_node*& node : nodes) node = new counting_node;
    HEDDLE_MODEL_CHECK(word.try_claim(phase::running) == phase::pending);
  }
  void after() {
    for (int i = 0; i < 4; ++i) {
      if (nodes[i] == nullptr) continue;
      HEDDLE_MODEL_CHECK(nodes[i]->times_told == (expected[i] ? 1 : 0));
      delete nodes[i];
    }
  }

  void add(unsigned i) { expected[i] = word.try_add(*nodes[i]); }
  void remove(unsigned i) {
    if (!word.try_remove(*nodes[i])) return;
    delete nodes[i];
    nodes[i] = nullptr;
  }
  void complete() { HEDDLE_MODEL_CHECK(word.complete(phase::value) == last_owner::no); }
};

struct neighbours_leave : list_model<neighbours_leave, 3> {
  void before() {
    list_model::before();
    for (unsigned i = 0; i < 3; ++i) add(i);
  }
  void thread(unsigned index) {
    if (index == 0) {
      complete();
    } else {
      remove(index - 1);  // the oldest, which is found by a walk, and the one before it
    }
  }
};

struct one_comes_and_one_leaves : list_model<one_comes_and_one_leaves, 3> {
  unsigned leaves = 0;
  void before() {
    list_model::before();
    add(0);
    add(1);
    leaves = choose(2);
  }
  void thread(unsigned index) {
    if (index == 0) complete();
    if (index == 1) add(2);
    if (index == 2) remove(leaves);
  }
};

struct two_come_and_the_newest_leaves : list_model<two_come_and_the_newest_leaves, 3> {
  void thread(unsigned index) {
    if (index == 0) complete();
    if (index == 1) {
      add(0);
      if (expected[0]) remove(0);
    }
    if (index == 2) {
      add(1);
      if (expected[1]) remove(1);
    }
  }
};

/// The memory of a task and who refers to it: handle, queue, completer.
struct task_memory {
  state_word word{state_word::queued::yes};
  plain<int> content{7};
  plain<int> result{0};
};

struct reading_node : waiter {
  explicit reading_node(task_memory& read)
      : waiter(kind::continuation,
               [](waiter& self) noexcept {
                 auto& node = static_cast<reading_node&>(self);
                 HEDDLE_MODEL_CHECK(node.memory->content == 7);
                 node.told = true;
               }),
        memory(&read) {}
  task_memory* memory;
  bool told = false;
};

template <class Derived, int ThreadCount>
struct freeing_model : model<Derived, ThreadCount> {
  task_memory* task = nullptr;
  int frees = 0;
  bool has_result = false;

  void before() { task = new task_memory; }
  void after() { HEDDLE_MODEL_CHECK(frees == 1 && !has_result); }

  void use() { HEDDLE_MODEL_CHECK(task->content == 7); }
  void destroy_result() {
    HEDDLE_MODEL_CHECK(has_result && task->result == 42);
    task->result = 0;
    has_result = false;
  }
  void free() {
    ++frees;
    if (has_result) destroy_result();
    delete task;
  }
  void complete(phase as) {
    use();
    if (as == phase::value) {
      task->result = 42;
      has_result = true;
    }
    if (task->word.complete(as) == last_owner::yes) free();
  }
  void drop_handle() {
    use();
    if (task->word.only_queue_keeps_result()) {
      destroy_result();
      if (task->word.drop_handle_and_result() == last_owner::yes) free();
    } else if (task->word.drop_handle() == last_owner::yes) {
      free();
    }
  }
  /// The worker that pops the task; the others have it, or it is a tombstone.
  void leave_queue() {
    use();
    switch (task->word.leave_queue(phase::running)) {
      case dequeue_result::claimed:
        return complete(phase::value);
      case dequeue_result::taken:
        return;
      case dequeue_result::free:
        free();
    }
  }
};

/// Somebody claimed it: completer, tombstone and handle leave in any order.
template <bool WithWaiter>
struct three_leave : freeing_model<three_leave<WithWaiter>, 3> {
  using base = freeing_model<three_leave<WithWaiter>, 3>;
  reading_node* node = nullptr;

  void before() {
    base::before();
    HEDDLE_MODEL_CHECK(this->task->word.try_claim(phase::running) == phase::pending);
    node = new reading_node(*this->task);
    if (WithWaiter) HEDDLE_MODEL_CHECK(this->task->word.try_add(*node));
  }
  void thread(unsigned index) {
    if (index == 0) this->complete(phase::value);
    if (index == 1) this->leave_queue();
    if (index == 2) this->drop_handle();
  }
  void after() {
    base::after();
    HEDDLE_MODEL_CHECK(node->told == WithWaiter);
    delete node;
  }
};

/// A worker pops it while its future is cancelled and dropped.
struct popped_or_cancelled : freeing_model<popped_or_cancelled, 2> {
  void thread(unsigned index) {
    if (index == 0) return leave_queue();
    if (task->word.try_claim(phase::cancelling) == phase::pending) complete(phase::cancelled);
    drop_handle();
  }
};

/// A queue that goes when the task has left it, while who cancels the task still tells it so.
struct queue_goes : freeing_model<queue_goes, 2> {
  plain<bool> queue_is_there{true};

  void thread(unsigned index) {
    if (index == 0) {
      leave_queue();
      queue_is_there = false;
      return;
    }
    if (task->word.try_cancel_in_queue() == phase::pending) {
      HEDDLE_MODEL_CHECK(queue_is_there);
      task->word.let_queue_go();
      complete(phase::cancelled);
    }
    drop_handle();
  }
};

/// What a task waited for is done: it becomes pending and is run, by a queue or by who waits for it, while it is
/// cancelled.
struct becomes_pending : freeing_model<becomes_pending, 3> {
  plain<int> input{0};
  bool ran = false;
  bool was_cancelled = false;

  void before() { task = new task_memory{.word = state_word(state_word::queued::yes, phase::waiting)}; }
  void thread(unsigned index) {
    if (index == 0) {
      input = 3;
      if (!task->word.make_pending()) return leave_after_cancel();
      return leave_after_claim(task->word.leave_queue(phase::running));
    }
    if (index == 1) {
      if (task->word.try_claim(phase::running) == phase::pending) run();
      return;
    }
    const phase found = task->word.try_cancel_in_queue();
    if (found == phase::pending) task->word.let_queue_go();
    was_cancelled = has_not_begun(found);
    if (was_cancelled) complete(phase::cancelled);
  }
  void after() {
    HEDDLE_MODEL_CHECK(ran != was_cancelled);
    drop_handle();
    freeing_model::after();
  }

 private:
  void run() {
    ran = true;
    HEDDLE_MODEL_CHECK(input == 3);
    complete(phase::value);
  }
  void leave_after_cancel() { HEDDLE_MODEL_CHECK(task->word.leave_queue(phase::running) == dequeue_result::taken); }
  void leave_after_claim(dequeue_result found) {
    HEDDLE_MODEL_CHECK(found != dequeue_result::free);
    if (found == dequeue_result::claimed) run();
  }
};

/// A queue that goes without having taken a task which has waited, while who cancels the task may tell it so.
struct queue_refuses : freeing_model<queue_refuses, 2> {
  plain<bool> queue_is_there{true};

  void before() { task = new task_memory{.word = state_word(state_word::queued::yes, phase::waiting)}; }
  void thread(unsigned index) {
    if (index == 0) {
      if (task->word.make_pending()) task->word.make_waiting();
      queue_is_there = false;
      return leave_queue();
    }
    const phase found = task->word.try_cancel_in_queue();
    if (found == phase::pending) {
      HEDDLE_MODEL_CHECK(queue_is_there);
      task->word.let_queue_go();
    }
    if (has_not_begun(found)) complete(phase::cancelled);
    drop_handle();
  }
};

/// Its future gets a callback and is dropped while somebody ends it.
template <class Derived>
struct callback_and_handle_model : freeing_model<Derived, 2> {
  using base = freeing_model<Derived, 2>;
  reading_node* node = nullptr;
  bool added = false;

  void before() {
    base::before();
    node = new reading_node(*this->task);
  }
  void thread(unsigned index) {
    if (index == 0) return static_cast<Derived*>(this)->end();
    added = this->task->word.try_add(*node);
    this->drop_handle();
  }
  void after() {
    base::after();
    HEDDLE_MODEL_CHECK(node->told == added);
    delete node;
  }
};

/// A worker pops it.
struct callback_outlives_the_handle : callback_and_handle_model<callback_outlives_the_handle> {
  void end() { leave_queue(); }
};

/// Who ends it leaves the continuations for later.
struct continuations_are_told_later : callback_and_handle_model<continuations_are_told_later> {
  void end() {
    HEDDLE_MODEL_CHECK(task->word.leave_queue(phase::running) == dequeue_result::claimed);
    task->result = 42;
    has_result = true;
    waiter* later = nullptr;
    last_owner last = task->word.complete_apart(phase::value, later);
    if (later != nullptr) {
      HEDDLE_MODEL_CHECK(last == last_owner::no);
      last = task->word.tell_and_leave(later);
    }
    if (last == last_owner::yes) free();
  }
};

/// A task waits for others, and is put into its queue when they are done; a waiting worker claims it, or it is
/// cancelled before or afterwards.
struct waits_for_others : model<waits_for_others, 2> {
  state_word word{state_word::queued::yes, phase::waiting};
  plain<int> input{0};
  int ran = 0;
  bool cancelled = false;

  void thread(unsigned index) {
    if (index == 0) {
      input = 7;
      if (word.make_pending()) {
        if (word.leave_queue(phase::running) == dequeue_result::claimed) run();
      } else {
        HEDDLE_MODEL_CHECK(word.leave_queue(phase::running) == dequeue_result::taken);
      }
    } else if (choose(2) == 0) {
      if (word.try_claim(phase::running) == phase::pending) run();
    } else {
      cancelled = has_not_begun(word.try_claim_unrun(phase::cancelling));
      if (cancelled) HEDDLE_MODEL_CHECK(word.complete(phase::cancelled) == last_owner::no);
    }
  }
  void run() {
    HEDDLE_MODEL_CHECK(input == 7);
    ++ran;
    HEDDLE_MODEL_CHECK(word.complete(phase::value) == last_owner::no);
  }
  void after() {
    HEDDLE_MODEL_CHECK(ran == (cancelled ? 0 : 1));
    HEDDLE_MODEL_CHECK(word.current() == (cancelled ? phase::cancelled : phase::value));
  }
};

/// A promise is kept, without having been started, while its future is cancelled and goes. The result that it made is
/// its own again if the cancellation was faster.
struct kept_or_cancelled : freeing_model<kept_or_cancelled, 2> {
  bool kept = false;
  bool cancelled = false;

  void thread(unsigned index) {
    if (index == 1) {
      cancelled = task->word.try_claim(phase::cancelling) == phase::pending;
      if (cancelled) complete(phase::cancelled);
      return drop();
    }
    task->result = 42;
    auto last = last_owner::no;
    kept = task->word.try_complete(phase::value, last);
    if (!kept) task->result = 0;
    if (last == last_owner::yes) return free_it();
    if (task->word.leave_queue(phase::running) == dequeue_result::free) free_it();
  }
  void after() {
    HEDDLE_MODEL_CHECK(kept != cancelled);
    freeing_model::after();
  }

  /// The handle reads the result before it goes.
  void drop() {
    if (task->word.current() == phase::value) HEDDLE_MODEL_CHECK(task->result == 42);
    if (task->word.drop_handle() == last_owner::yes) free_it();
  }
  void free_it() {
    HEDDLE_MODEL_CHECK(task->result == (kept ? 42 : 0));
    free();
  }
};

/// A promise is destroyed by the callback that it calls as it is kept, while its future goes.
struct destroyed_by_its_callback : freeing_model<destroyed_by_its_callback, 2> {
  struct destroying_node : waiter {
    explicit destroying_node(destroyed_by_its_callback& of)
        : waiter(kind::continuation,
                 [](waiter& self) noexcept { static_cast<destroying_node&>(self).model_->leave_queue(); }),
          model_(&of) {}
    destroyed_by_its_callback* model_;
  };
  destroying_node node{*this};

  void before() {
    freeing_model::before();
    HEDDLE_MODEL_CHECK(task->word.try_add(node));
  }
  void thread(unsigned index) {
    if (index == 1) {
      use();
      if (task->word.drop_handle() == last_owner::yes) free();
      return;
    }
    auto last = last_owner::no;
    HEDDLE_MODEL_CHECK(task->word.try_complete(phase::value, last));
    if (last == last_owner::yes) free();
  }
};

}  // namespace

int main(int argc, char** argv) {
  using namespace heddle_model;
  checker models("completion/state_word.hpp",
                 {
                     explore<popped_or_cancelled>("popped or cancelled", everything),
                     explore<queue_goes>("a queue that is told of a tombstone", everything),
                     explore<queue_refuses>("a queue that does not take the task", everything),
                     explore<becomes_pending>("waiting, pending, cancelled", at_most_switches(4)),
                     explore<callback_outlives_the_handle>("a callback outlives the handle", everything),
                     explore<continuations_are_told_later>("continuations are told later", everything),
                     explore<waits_for_others>("a task waits for others", everything),
                     explore<kept_or_cancelled>("kept or cancelled", everything),
                     explore<destroyed_by_its_callback>("a callback destroys the promise", everything),
                     explore<three_leave<false>>("the last of three frees", everything),
                     explore<three_leave<true>>("the last of three frees, with a waiter", at_most_switches(4)),
                     explore<one_owner>("a task has one owner", at_most_switches(3)),
                     explore<sleepers>("a sleeper is told or leaves", at_most_switches(2)),
                     explore<one_comes_and_one_leaves>("one comes and one leaves", at_most_switches(2)),
                     explore<two_come_and_the_newest_leaves>("two come and leave", random_runs(100'000)),
                     explore<neighbours_leave>("neighbours leave the list", random_runs(150'000)),
                 },
                 {
                     {"state_word::try_remove acquire", "unlink() loads the list again, and acquires"},
                     {"state_word::unlink release", "taking the newest node out writes to no other node"},
                 });
  return models.run(argc, argv);
}
