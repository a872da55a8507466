// SPDX-License-Identifier: MIT
// A call that runs when several others are done: a node of a graph that nobody has to draw.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include <heddle/base/atomic.hpp>
#include <heddle/completion/continuation.hpp>
#include <heddle/completion/deferred_jobs.hpp>
#include <heddle/completion/queued_state.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/completion/waiter.hpp>

namespace heddle::completion {

/// Where a dependent is told of one of those that it waits for.
struct dependency : waiter {
  dependency() noexcept : waiter(kind::continuation, nullptr) {}
  void* owner = nullptr;
  state_base* awaited = nullptr;
};

/// What a state gives, as the arguments of a call: its value, or nothing.
template <class Input>
[[nodiscard]] auto argument_of(Input& input) noexcept {
  if constexpr (std::is_void_v<typename Input::value_type>) {
    return std::tuple<>();
  } else {
    return std::tuple<decltype(input.take())>(input.take());
  }
}

template <class... Inputs>
using arguments_of = decltype(std::tuple_cat(argument_of(std::declval<Inputs&>())...));

/// How a callable is called with a tuple of arguments.
template <class Callable, class Arguments>
struct call_with;
template <class Callable, class... Args>
struct call_with<Callable, std::tuple<Args...>> : task_call<takes_stop_token<Callable, Args...>> {
  using result_type = call_result_t<Callable, Args...>;
};

template <class Callable, class Arguments>
inline constexpr bool can_call_with = false;
template <class Callable, class... Args>
inline constexpr bool can_call_with<Callable, std::tuple<Args...>> = callable_with<Callable, Args...>;

/// Runs `callable(values...)` where `Launch` says, once all those are done that `Dependencies`, an array of nodes, has
/// room for. As soon as one of them fails or is cancelled this ends as that one did, without the call. `Inputs` are
/// handles of those whose values are the arguments.
///
/// Its queue are its nodes in the lists of those that it waits for, and then where `Launch` puts it.
///
/// `failed_` is written by who is told first of a failure, and by start(), until which nobody may act on it: the inputs
/// must stay while they are added.
template <class Callable, class Launch, class Dependencies, class... Inputs>
class dependent final
    : public queued_state<dependent<Callable, Launch, Dependencies, Inputs...>,
                          task_result_t<typename call_with<Callable, arguments_of<Inputs...>>::result_type>> {
  using call_type = call_with<Callable, arguments_of<Inputs...>>;
  using call_result = typename call_type::result_type;
  using base_type = queued_state<dependent, task_result_t<call_result>>;
  friend base_type;

 public:
  /// `make_dependencies()` gives the array. If this throws, `inputs` are as they were.
  template <class MakeDependencies>
  dependent(Callable&& callable, Launch launch, const MakeDependencies& make_dependencies, Inputs&... inputs)
      : base_type(launch.home(), state_word::queued::yes, phase::waiting),
        launch_(launch),
        needed_(needed_by(launch)),
        dependencies_(make_dependencies()),
        held_(std::move(callable), std::move(inputs)...) {
    untold_.store(static_cast<std::uint32_t>(dependencies_.size()) + 1, base::relaxed);  // relaxed: nobody has it yet
  }

  /// For each of those that it waits for, the inputs too, before start().
  void add(state_base& awaited) noexcept {
    dependency& added = dependencies_[added_++];
    added.notify = &tell;
    added.owner = this;
    added.awaited = &awaited;
    needed_ = queue::merged(needed_, awaited.needs());
    if (awaited.try_add(added)) return;
    ++told_;
    static_cast<void>(note_end(added));
  }

  /// To be called once, when somebody holds the handle. The state may be gone afterwards.
  void start() noexcept {
    ++told_;
    dependency* found = still_adding();
    // [dependent.1] acquire: a failure, on which this thread acts then; else who is told of one later.
    if (failed_.compare_exchange_strong(found, nullptr, base::acquire, base::acquire)) return count_down(told_);
    told_by_decisive_ = told_;
    end_early(*found);
  }

 private:
  ~dependent() {}  // held_ is gone by then

  /// A value of `failed_` that is no node's address.
  dependency* still_adding() noexcept { return reinterpret_cast<dependency*>(this); }

  static void tell(waiter& self) noexcept {
    auto& told = static_cast<dependency&>(self);
    auto& owner = *static_cast<dependent*>(told.owner);
    owner.note_end(told) ? owner.end_early(told) : owner.count_down(1);
  }

  /// Whether the caller has to end this early, because of `told`.
  [[nodiscard]] bool note_end(dependency& told) noexcept {
    if (told.awaited->current() == phase::value) return false;
    dependency* found = failed_.load(base::relaxed);  // relaxed: only compared with
    while (found == nullptr || found == still_adding()) {
      // [dependent.1] release: see start().
      if (failed_.compare_exchange_weak(found, &told, base::release, base::relaxed)) return found == nullptr;
    }
    return false;
  }

  /// Ends as what `failed` tells of, which may go then; not inside of that one's end, so that a long chain of failures
  /// takes no stack. Then counts the nodes for which the caller was told.
  void end_early(dependency& failed) noexcept {
    if (!has_not_begun(this->word_.try_claim_unrun(phase::running))) return count_down(told_by_decisive_);
    ended_ = failed.awaited->current();
    if (ended_ == phase::error) this->outcome_.emplace_error(failed.awaited->failure());
    failed.notify = [](waiter& self) noexcept {
      auto& owner = *static_cast<dependent*>(static_cast<dependency&>(self).owner);
      owner.end(owner.ended_);
      owner.count_down(owner.told_by_decisive_);
    };
    deferred_jobs::tell(failed);
  }

  void count_down(std::uint32_t by) noexcept {
    // [dependent.2] acq_rel: the call sees all that it waited for, and nobody else touches this any more; both ends are
    //   this line: [dependent.2].
    if (untold_.fetch_sub(by, base::acq_rel) != by) return;
    const Launch launch = launch_;
    launch(*this, &this->word_);
  }

  void execute() noexcept {
    this->end_with_result_of([this]() -> call_result {
      return call_(std::move(held_.callable),
                   std::apply([](auto&... input) { return std::tuple_cat(argument_of(input)...); }, held_.inputs));
    });
  }
  void destroy_call() noexcept { held_.~held(); }
  bool stop() noexcept { return call_.stop(); }
  [[nodiscard]] const queue::job_home* needed() const noexcept {
    return this->current() == phase::waiting ? needed_ : needed_by(launch_);
  }

  struct held {
    explicit held(Callable&& its_callable, Inputs&&... its_inputs)
        : callable(std::move(its_callable)), inputs(std::move(its_inputs)...) {}
    [[no_unique_address]] Callable callable;
    [[no_unique_address]] std::tuple<Inputs...> inputs;
  };

  base::atomic<std::uint32_t> untold_{0};
  std::uint32_t added_ = 0;  // before start(), by who makes it; told_ too
  base::atomic<dependency*> failed_{still_adding()};
  std::uint32_t told_ = 0;
  std::uint32_t told_by_decisive_ = 1;  // of who ends this early, as ended_
  phase ended_ = phase::value;
  [[no_unique_address]] Launch launch_;
  const queue::job_home* needed_;  // before start(), by who makes it
  [[no_unique_address]] call_type call_;
  Dependencies dependencies_;
  union {  // a union, so that its destruction is ours to time; last, for it takes the inputs over
    held held_;
  };
};

}  // namespace heddle::completion
