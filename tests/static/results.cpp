// SPDX-License-Identifier: MIT
// What the types of results and executors are: sizes, moves, concepts.
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <heddle/base/shared_value.hpp>
#include <heddle/base/unique_function.hpp>
#include <heddle/completion/dependent.hpp>
#include <heddle/completion/promised_state.hpp>
#include <heddle/completion/state_word.hpp>
#include <heddle/completion/task.hpp>
#include <heddle/completion/waiter.hpp>
#include <heddle/errors.hpp>
#include <heddle/executor.hpp>
#include <heddle/future.hpp>
#include <heddle/inline_executor.hpp>
#include <heddle/pool_launcher.hpp>
#include <heddle/queue/job.hpp>
#include <heddle/thread_pool_executor.hpp>
#include <iterator>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace {

using heddle::future;
using heddle::promise;

struct immovable {
  immovable() = default;
  immovable(immovable&&) = delete;
};

template <class T>
constexpr bool moves_only =
    std::is_nothrow_move_constructible_v<T> && std::is_nothrow_move_assignable_v<T> &&
    !std::is_copy_constructible_v<T> && !std::is_copy_assignable_v<T> && std::is_nothrow_swappable_v<T>;

// Handles are one pointer, and move without throwing.
static_assert(moves_only<future<int>> && moves_only<future<void>> && moves_only<future<int&>>);
static_assert(moves_only<future<immovable>> && moves_only<future<const std::string>>);
static_assert(moves_only<promise<int>> && moves_only<promise<void>> && moves_only<promise<int&>>);
static_assert(sizeof(future<std::string>) == sizeof(void*) && sizeof(future<void>) == sizeof(void*));
static_assert(std::is_nothrow_default_constructible_v<future<int>> && std::is_nothrow_destructible_v<future<int>>);
static_assert(std::is_nothrow_destructible_v<promise<int>>);
static_assert(!std::is_constructible_v<future<int>, future<long>>);

// result(): a reference to the stored value, or the value itself; nothing for void; the target of a reference.
template <class Future>
using result_of = decltype(std::declval<Future>().result());
template <class Future>
using timed_result_of = decltype(std::declval<Future>().result(std::chrono::seconds(1)));
static_assert(std::is_same_v<result_of<future<int>&>, int&> && std::is_same_v<timed_result_of<future<int>&>, int&>);
static_assert(std::is_same_v<result_of<const future<int>&>, const int&>);
static_assert(std::is_same_v<timed_result_of<const future<int>&>, const int&>);
static_assert(std::is_same_v<result_of<future<int>>, int> && std::is_same_v<timed_result_of<future<int>>, int>);
static_assert(std::is_same_v<result_of<future<int&>&>, int&> && std::is_same_v<result_of<future<int&>>, int&>);
static_assert(std::is_same_v<result_of<const future<int&>&>, int&>);
static_assert(std::is_void_v<result_of<future<void>&>> && std::is_void_v<result_of<future<void>>>);
static_assert(std::is_same_v<result_of<future<immovable>&>, immovable&>);

// What submit() makes of a call's type.
template <class F, class... Args>
using submitted =
    decltype(std::declval<heddle::thread_pool_executor&>().submit(std::declval<F>(), std::declval<Args>()...));
static_assert(std::is_same_v<submitted<int (*)()>, future<int>>);
static_assert(std::is_same_v<submitted<int& (*)()>, future<int&>>);
static_assert(std::is_same_v<submitted<std::string && (*)()>, future<std::string>>);
static_assert(std::is_same_v<submitted<const std::string (*)()>, future<std::string>>);
static_assert(std::is_same_v<submitted<void (*)(std::string&&), const char (&)[3]>, future<void>>);

// An argument is handed over as an rvalue, as in std::thread.
template <class E, class F, class... Args>
concept submits = requires(E pool, F call, Args... args) { pool.submit(std::move(call), std::move(args)...); };
template <class E, class F>
concept posts = requires(E pool, F& call) { pool.post(call); };
struct only_as_lvalue {
  void operator()() &;
};
template <class E>
constexpr bool takes_what_every_executor_takes =
    heddle::executor<E> && submits<E, int (*)(int), int> && !submits<E, int (*)(int)> &&
    !submits<E, int (*)(int&), int> && !submits<E, only_as_lvalue> && !submits<E, int> && posts<E, void (*)()> &&
    !posts<E, only_as_lvalue> && !posts<E, int>;
static_assert(takes_what_every_executor_takes<heddle::inline_executor&>);
static_assert(takes_what_every_executor_takes<heddle::thread_pool_executor&>);

static_assert(heddle::executor<heddle::thread_pool_executor> && heddle::executor<heddle::inline_executor&>);
static_assert(!heddle::executor<int> && !heddle::executor<std::string>);
static_assert(!std::is_copy_constructible_v<heddle::thread_pool_executor>);
static_assert(!std::is_move_constructible_v<heddle::thread_pool_executor>);
static_assert(!std::is_convertible_v<heddle::thread_pool_options, heddle::thread_pool_executor>);

// The results of map() are a range like others.
template <class T>
using results = heddle::map_results<T>;
static_assert(std::ranges::input_range<results<int>> && std::ranges::input_range<results<void>>);
static_assert(std::ranges::input_range<results<std::string&>> &&
              std::ranges::input_range<results<std::unique_ptr<int>>>);
static_assert(std::is_same_v<std::ranges::range_value_t<results<std::string&>>, std::string>);
static_assert(std::is_same_v<std::ranges::range_reference_t<results<int>>, int&>);
static_assert(!std::is_copy_constructible_v<results<int>> && std::is_nothrow_move_constructible_v<results<int>>);
static_assert(std::is_nothrow_move_assignable_v<results<int>>);

// So are those of a map with options and of map_settled().
template <class R, class... Options>
using mapped = decltype(std::declval<heddle::thread_pool_executor&>().map(
    std::declval<int (*)(int)>(), std::declval<const Options&>()..., std::declval<R>()));
using bounded = mapped<std::vector<int>, heddle::map_options>;
static_assert(std::is_same_v<mapped<std::vector<int>>, results<int>>);
static_assert(std::ranges::input_range<bounded> && moves_only<bounded>);
static_assert(std::ranges::sized_range<bounded> && std::ranges::sized_range<results<int>>);
static_assert(!std::ranges::sized_range<mapped<std::forward_list<int>, heddle::map_options>>);
static_assert(std::is_same_v<std::ranges::range_reference_t<bounded>, int&>);
static_assert(std::ranges::input_range<heddle::settled_results<bounded>>);
static_assert(std::ranges::input_range<heddle::settled_results<results<void>>>);
static_assert(
    std::is_same_v<std::ranges::range_reference_t<heddle::settled_results<results<int>>>, heddle::settled<int>&>);
static_assert(std::is_empty_v<heddle::map_members<heddle::inline_executor>>);

// Layout that the design counts on.
static_assert(sizeof(heddle::queue::job) == 3 * sizeof(void*));
static_assert(sizeof(heddle::completion::state_word) == sizeof(std::uint64_t));
static_assert(std::atomic<std::uint64_t>::is_always_lock_free && std::atomic<std::uint32_t>::is_always_lock_free);
static_assert(alignof(heddle::completion::waiter) == 16);
static_assert(sizeof(heddle::completion::promised_state<int>) <= 64);
static_assert(sizeof(heddle::completion::task<int (*)(int), int>) <= 64);
static_assert(sizeof(heddle::completion::task<int (*)(int), int>) ==
              sizeof(heddle::completion::promised_state<int>) + 16);
static_assert(!std::is_polymorphic_v<heddle::completion::promised_state<int>>);
// A node of a graph with two dependencies and a pointer fits into a block that threads keep.
struct counts {
  int* where;
  void operator()() const { ++*where; }
};
static_assert(sizeof(heddle::completion::dependent<counts, heddle::pool_launcher, 2>) <= 128);

static_assert(heddle::completion::is_terminal(heddle::completion::phase::value));
static_assert(heddle::completion::is_terminal(heddle::completion::phase::error));
static_assert(heddle::completion::is_terminal(heddle::completion::phase::cancelled));
static_assert(!heddle::completion::is_terminal(heddle::completion::phase::pending));
static_assert(!heddle::completion::is_terminal(heddle::completion::phase::running));
static_assert(!heddle::completion::is_terminal(heddle::completion::phase::cancelling));

using function = heddle::base::unique_function<int(int)>;
static_assert(std::is_nothrow_move_constructible_v<function> && !std::is_copy_constructible_v<function>);
static_assert(std::is_constructible_v<function, int (&)(int)> && !std::is_constructible_v<function, void (&)()>);
static_assert(std::is_nothrow_copy_constructible_v<heddle::base::shared_value<immovable>>);

// Every exception is of the standard type that describes it.
static_assert(std::is_base_of_v<std::runtime_error, heddle::timeout_error>);
static_assert(std::is_base_of_v<heddle::timeout_error, heddle::map_timeout_error>);
static_assert(std::is_base_of_v<std::runtime_error, heddle::cancelled_error>);
static_assert(std::is_base_of_v<std::logic_error, heddle::invalid_state_error>);
static_assert(std::is_base_of_v<std::logic_error, heddle::broken_promise>);
static_assert(std::is_base_of_v<std::runtime_error, heddle::executor_shutdown_error>);
static_assert(std::is_base_of_v<heddle::broken_executor, heddle::broken_thread_pool>);
static_assert(std::is_base_of_v<std::system_error, heddle::executor_start_error>);

}  // namespace
