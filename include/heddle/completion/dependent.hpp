// SPDX-License-Identifier: MIT
// A call that runs when several others are done: a node of a graph that nobody has to draw.
#pragma once

#include <array>
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

/// Where an `Owner` is told of as many states as it is made for. A node's place says whose and which it is, so that it
/// needs no more than a link and a function. Owner has `told_of(index)`, and `end_now()` for who has called
/// end_later().
template <class Owner, std::size_t Count>
class few_dependencies {
 public:
  [[nodiscard]] static constexpr std::uint32_t size() noexcept { return Count; }
  [[nodiscard]] state_base& awaited(std::uint32_t index) const noexcept { return *awaited_[index]; }

 private:
  friend Owner;

  few_dependencies() noexcept = default;
  ~few_dependencies() = default;

  [[nodiscard]] bool try_watch(std::uint32_t index, state_base& awaited) noexcept {
    awaited_[index] = &awaited;
    nodes_[index].notify = functions<false>(std::make_index_sequence<Count>())[index];
    return awaited.try_add(nodes_[index]);
  }
  /// By a node that was told.
  void end_later(std::uint32_t index) noexcept {
    nodes_[index].notify = functions<true>(std::make_index_sequence<Count>())[index];
    deferred_jobs::tell(nodes_[index]);
  }

  struct node : waiter {
    node() noexcept : waiter(kind::continuation, nullptr) {}
  };

  template <bool EndsNow, std::size_t Index>
  static void tell(waiter& self) noexcept {
    // The first node lies where this does.
    auto* const nodes = reinterpret_cast<few_dependencies*>(&static_cast<node&>(self) - Index);
    auto& owner = static_cast<Owner&>(*nodes);
    EndsNow ? owner.end_now() : owner.told_of(Index);
  }
  template <bool EndsNow, std::size_t... Index>
  static constexpr std::array<waiter::function, Count> functions(std::index_sequence<Index...>) noexcept {
    return {&tell<EndsNow, Index>...};
  }

  std::array<node, Count> nodes_;
  std::array<state_base*, Count> awaited_;
};

/// The same for as many as are known when a program runs.
template <class Owner>
class many_dependencies {
 public:
  [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
  [[nodiscard]] state_base& awaited(std::uint32_t index) const noexcept { return *nodes_[index].awaited; }

 private:
  friend Owner;

  explicit many_dependencies(std::size_t size) : nodes_(new node[size]), size_(static_cast<std::uint32_t>(size)) {}
  many_dependencies(const many_dependencies&) = delete;
  many_dependencies& operator=(const many_dependencies&) = delete;
  ~many_dependencies() { delete[] nodes_; }

  [[nodiscard]] bool try_watch(std::uint32_t index, state_base& awaited) noexcept {
    node& watching = nodes_[index];
    watching.owner = static_cast<Owner*>(this);
    watching.awaited = &awaited;
    return awaited.try_add(watching);
  }
  void end_later(std::uint32_t index) noexcept {
    nodes_[index].notify = [](waiter& self) noexcept { static_cast<node&>(self).owner->end_now(); };
    deferred_jobs::tell(nodes_[index]);
  }

  struct node : waiter {
    node() noexcept : waiter(kind::continuation, &tell) {}
    Owner* owner = nullptr;
    state_base* awaited = nullptr;
  };

  static void tell(waiter& self) noexcept {
    auto& told = static_cast<node&>(self);
    told.owner->told_of(static_cast<std::uint32_t>(&told - told.owner->nodes_));
  }

  node* nodes_;
  std::uint32_t size_;
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

/// How far a dependent is; a base, for there is room between its state and its nodes.
struct dependency_count {
  static constexpr std::uint32_t still_adding = UINT32_MAX;  // values of `failed` that are no index
  static constexpr std::uint32_t none = UINT32_MAX - 1;

  base::atomic<std::uint32_t> untold{0};
  base::atomic<std::uint32_t> failed{still_adding};
};

/// For the number of dependencies that is not known at compile time.
inline constexpr std::size_t dynamic_count = static_cast<std::size_t>(-1);

/// Runs `callable(values...)` where `Launch` says, once all of `Count` others are done. As soon as one of them fails or
/// is cancelled this ends as that one did, without the call. `Inputs` are handles of those whose values are the
/// arguments.
///
/// Its queue are its nodes in the lists of those that it waits for, and then where `Launch` puts it.
///
/// `failed` is written by who is told first of a failure, and by start(), until which nobody may act on it: the inputs
/// must stay while they are added.
template <class Callable, class Launch, std::size_t Count, class... Inputs>
class dependent final
    : public queued_state<dependent<Callable, Launch, Count, Inputs...>,
                          task_result_t<typename call_with<Callable, arguments_of<Inputs...>>::result_type>>,
      private dependency_count,
      public std::conditional_t<Count == dynamic_count,
                                many_dependencies<dependent<Callable, Launch, Count, Inputs...>>,
                                few_dependencies<dependent<Callable, Launch, Count, Inputs...>, Count>> {
  using call_type = call_with<Callable, arguments_of<Inputs...>>;
  using call_result = typename call_type::result_type;
  using base_type = queued_state<dependent, task_result_t<call_result>>;
  using dependencies =
      std::conditional_t<Count == dynamic_count, many_dependencies<dependent>, few_dependencies<dependent, Count>>;
  friend base_type;
  friend dependencies;

 public:
  /// `size` goes to many_dependencies. If this throws, `inputs` are as they were.
  template <class... Size>
  dependent(Callable&& callable, Launch launch, std::tuple<Inputs...>& inputs, Size... size)
      : base_type(launch.home(), state_word::queued::yes, phase::waiting),
        dependencies(size...),
        launch_(launch),
        held_(std::move(callable), std::move(inputs)) {
    untold.store(dependencies::size() + 1, base::relaxed);  // relaxed: nobody has it yet
  }

  /// For each of those that it waits for, the inputs too, before start(). True if it is done already.
  [[nodiscard]] bool add(std::uint32_t index, state_base& awaited) noexcept {
    if (dependencies::try_watch(index, awaited)) return false;
    static_cast<void>(note_end(index));
    return true;
  }

  /// To be called once, when somebody holds the handle, with the number of those that were done already. The state may
  /// be gone afterwards.
  void start(std::uint32_t done) noexcept {
    std::uint32_t found = still_adding;
    // [dependent.1] acquire: a failure, on which this thread acts then; else who is told of one later.
    if (failed.compare_exchange_strong(found, none, base::acquire, base::acquire)) return count_down(done + 1);
    told_by_decisive_ = done + 1;
    end_early(found);
  }

 private:
  ~dependent() {}  // held_ is gone by then

  void told_of(std::uint32_t index) noexcept { note_end(index) ? end_early(index) : count_down(1); }

  /// Whether the caller has to end this early, because of that one.
  [[nodiscard]] bool note_end(std::uint32_t index) noexcept {
    if (dependencies::awaited(index).current() == phase::value) return false;
    std::uint32_t found = failed.load(base::relaxed);  // relaxed: only compared with
    while (found >= none) {
      // [dependent.1] release: see start().
      if (failed.compare_exchange_weak(found, index, base::release, base::relaxed)) return found == none;
    }
    return false;
  }

  /// Ends as that one, which may go then; not inside of that one's end, so that a long chain of failures takes no
  /// stack.
  void end_early(std::uint32_t decisive) noexcept {
    if (!has_not_begun(this->word_.try_claim_unrun(phase::running))) return count_down(told_by_decisive_);
    state_base& ended = dependencies::awaited(decisive);
    ended_ = ended.current();
    if (ended_ == phase::error) this->outcome_.emplace_error(ended.failure());
    dependencies::end_later(decisive);
  }

  /// Then counts the nodes for which the caller of end_early() was told.
  void end_now() noexcept {
    this->end(ended_);
    count_down(told_by_decisive_);
  }

  void count_down(std::uint32_t by) noexcept {
    // [dependent.2] acq_rel: the call sees all that it waited for, and nobody else touches this any more; both ends are
    //   this line: [dependent.2].
    if (untold.fetch_sub(by, base::acq_rel) != by) return;
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

  struct held {
    held(Callable&& its_callable, std::tuple<Inputs...>&& its_inputs)
        : callable(std::move(its_callable)), inputs(std::move(its_inputs)) {}
    [[no_unique_address]] Callable callable;
    [[no_unique_address]] std::tuple<Inputs...> inputs;
  };

  [[no_unique_address]] Launch launch_;
  [[no_unique_address]] call_type call_;
  std::uint32_t told_by_decisive_ = 1;  // of who ends this early, as ended_
  phase ended_ = phase::value;
  union {  // a union, so that its destruction is ours to time; last, for it takes the inputs over
    held held_;
  };
};

}  // namespace heddle::completion
