// SPDX-License-Identifier: MIT
// Runs a tree of calls on pools, each kind of call in its own way.
#pragma once

#include <heddle/heddle.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <iterator>
#include <memory>
#include <mutex>
#include <ranges>
#include <thread>
#include <utility>
#include <vector>

#include <fuzz/plan.hpp>
#include <support/tracked.hpp>

namespace heddle_fuzz {

/// What a call of a tree throws.
struct planned {
  std::uint64_t value;
};

/// Says what went wrong, and ends the program.
[[noreturn]] void report(const char* finding);

/// Runs trees on two pools, or on one that is given twice.
class evaluation {
 public:
  /// `counts` outlives the pools.
  evaluation(heddle::thread_pool_executor& first, heddle::thread_pool_executor& second,
             heddle_test::life_counts& counts)
      : pools_{&first, &second}, counts_(counts) {}

  /// By the calling thread, in the pool or as its guest.
  outcome outcome_of(const call& one, unsigned pool) {
    return outcome_from([&] { return run(one, pool); });
  }

  /// The same by a worker.
  outcome outcome_by_worker(const call& one, unsigned pool) {
    auto root = pools_[pool]->submit([this, &one, pool] { return run(one, pool); });
    return read(root);
  }

 private:
  std::uint64_t run(const call& one, unsigned pool) {
    if (one.what() == kind::leaf) return run_leaf(one);
    std::vector<outcome> parts(one.children());
    try {
      run_children({one, pool, parts});
    } catch (const planned& thrown) {
      throw planned{one.combined(std::array{outcome{thrown.value, true}}).value};
    } catch (const std::exception& other) {
      report(other.what());
    }
    const outcome all = one.combined(parts);
    if (all.threw) report("an exception of a call was not rethrown");
    return all.value;
  }

  std::uint64_t run_leaf(const call& one) {
    const std::uint64_t steps = one.choose(3, 4) == 0 ? one.choose(4, 20'000) : one.choose(4, 200);
    for (std::uint64_t i = 0; i < steps; ++i) nothing_.load(std::memory_order_relaxed);
    const outcome own = one.own();
    if (own.threw) throw planned{own.value};
    return own.value;
  }

  /// A call whose children are run, and what they have come to so far.
  struct frame {
    const call& one;
    unsigned pool;
    std::vector<outcome>& parts;

    [[nodiscard]] std::size_t count() const noexcept { return parts.size(); }
    [[nodiscard]] auto indices() const noexcept { return std::views::iota(std::size_t{0}, count()); }
  };

  heddle::thread_pool_executor& pool_of(const frame& in) noexcept { return *pools_[in.pool]; }

  /// A callable that is kept, and counted.
  auto returns_child(const call& one, unsigned pool) {
    return [this, one, pool, held = heddle_test::tracked(counts_)](std::size_t i) { return run(one.child(i), pool); };
  }
  /// One that is called while the frame waits.
  auto returns_child(const frame& in) {
    return [this, &in](std::size_t i) { return run(in.one.child(i), in.pool); };
  }
  auto runs_child(const frame& in) {
    return [this, &in](std::size_t i) { in.parts[i].value = run(in.one.child(i), in.pool); };
  }

  /// With some priority.
  std::vector<heddle::future<std::uint64_t>> submit_all(const frame& in) {
    constexpr heddle::priority levels[] = {heddle::priority::normal, heddle::priority::normal, heddle::priority::high,
                                           heddle::priority::background};
    const auto on = pool_of(in).with(levels[in.one.choose(11, std::size(levels))]);
    std::vector<heddle::future<std::uint64_t>> futures;
    for (std::size_t i = 0; i < in.count(); ++i) futures.push_back(on.submit(returns_child(in.one, in.pool), i));
    return futures;
  }

  /// Throws what a child has thrown, where the kind does.
  void run_children(const frame& in) {
    switch (in.one.what()) {
      case kind::leaf:
        return;
      case kind::futures:
        return wait_for_futures(in);
      case kind::bulk:
        return submit_bulk(in);
      case kind::lazy_map:
        return map_lazily(in);
      case kind::invoke:
        return invoke(in);
      case kind::loop:
        return heddle::parallel_for(pool_of(in), std::size_t{0}, in.count(), runs_child(in));
      case kind::for_each:
        return heddle::parallel_for_each(pool_of(in), in.indices(), runs_child(in), {.chunksize = in.one.choose(5, 4)});
      case kind::map: {
        const auto values = heddle::parallel_map(pool_of(in), returns_child(in), in.indices());
        for (std::size_t i = 0; i < in.count(); ++i) in.parts[i].value = values[i];
        return;
      }
      case kind::reduce:
        return reduce(in);
      case kind::group: {
        heddle::task_group group(pool_of(in));
        for (std::size_t i = 0; i < in.count(); ++i) group.run([this, &in, i] { runs_child(in)(i); });
        return group.wait();
      }
      case kind::locked:
        return hold_a_mutex(in);
      case kind::timed_waits:
        return wait_again_and_again(in);
      case kind::posts:
        return post(in);
      case kind::callbacks:
        return wait_for_callbacks(in);
      case kind::cancelled:
        return cancel_some(in);
      case kind::coroutines:
        return heddle::asyncio::run(await_all(in));
      case kind::other_pool: {
        const auto other = static_cast<unsigned>(1 - in.pool);
        in.parts[0].value = pools_[other]->submit(returns_child(in.one, other), std::size_t{0}).result();
        return;
      }
      case kind::guest_of_other_pool: {
        const frame there{in.one, 1 - in.pool, in.parts};
        return heddle::parallel_for(pool_of(there), std::size_t{0}, in.count(), runs_child(there));
      }
      case kind::blocking: {
        {
          const heddle::blocking scope;
          std::this_thread::sleep_for(std::chrono::microseconds(in.one.choose(6, 200)));
        }
        return runs_child(in)(0);
      }
    }
  }

  void wait_for_futures(const frame& in) {
    auto futures = submit_all(in);
    const bool backwards = in.one.choose(7, 2) == 0;
    for (std::size_t k = 0; k < in.count(); ++k) {
      const std::size_t i = backwards ? in.count() - 1 - k : k;
      in.parts[i] = read(futures[i]);
    }
  }

  void submit_bulk(const frame& in) {
    auto futures = pool_of(in).submit_bulk(returns_child(in.one, in.pool), in.indices());
    for (std::size_t i = 0; i < in.count(); ++i) in.parts[i] = read(futures[i]);
  }

  void map_lazily(const frame& in) {
    // One that throws would leave calls behind that have begun, as in Python.
    const auto outcome_of_child = [this, one = in.one, pool = in.pool](std::size_t i) {
      return outcome_of(one.child(i), pool);
    };
    std::size_t next = 0;
    for (const outcome& each : pool_of(in).map(outcome_of_child, in.indices())) in.parts[next++] = each;
  }

  void invoke(const frame& in) {
    const auto child = runs_child(in);
    const auto first = [&child] { child(0); };
    const auto second = [&child] { child(1); };
    const auto third = [&child] { child(2); };
    const auto fourth = [&child] { child(3); };
    if (in.count() == 2) return heddle::parallel_invoke(pool_of(in), first, second);
    if (in.count() == 3) return heddle::parallel_invoke(pool_of(in), first, second, third);
    return heddle::parallel_invoke(pool_of(in), first, second, third, fourth);
  }

  void reduce(const frame& in) {
    using row = std::vector<outcome>;
    const auto joined = [](row left, const row& right) {
      left.insert(left.end(), right.begin(), right.end());
      return left;
    };
    const auto row_of_child = [this, &in](std::size_t i) { return row{{returns_child(in)(i), false}}; };
    in.parts = heddle::parallel_reduce(pool_of(in), in.indices(), row{}, joined, row_of_child,
                                       {.chunksize = in.one.choose(5, 4)});
  }

  /// Who holds one waits only for calls that want one further down: so nobody waits in a circle, as long as who waits
  /// runs nothing else meanwhile.
  void hold_a_mutex(const frame& in) {
    std::unique_lock lock(mutexes_[in.one.depth()], std::defer_lock);
    if (others_are_needed_) {
      const heddle::blocking scope;
      lock.lock();
    } else {
      lock.lock();
    }
    runs_child(in)(0);
  }

  void wait_again_and_again(const frame& in) {
    auto futures = submit_all(in);
    for (std::size_t i = 0; i < in.count(); ++i) {
      while (!futures[i].wait(std::chrono::microseconds(1 + in.one.choose(8, 300)))) {
      }
      in.parts[i] = read(futures[i]);
    }
  }

  void post(const frame& in) {
    const auto all = std::make_shared<countdown>(in.count());
    for (std::size_t i = 0; i < in.count(); ++i) {
      pool_of(in).post([this, &in, i, all, held = heddle_test::tracked(counts_)] {
        in.parts[i] = outcome_of(in.one.child(i), in.pool);
        all->arrive();
      });
    }
    all->wait();
  }

  void wait_for_callbacks(const frame& in) {
    const auto all = std::make_shared<countdown>(in.count());
    auto futures = submit_all(in);
    for (auto& each : futures) {
      each.add_done_callback([all, held = heddle_test::tracked(counts_)] { all->arrive(); });
    }
    all->wait();
    for (std::size_t i = 0; i < in.count(); ++i) {
      if (!futures[i].done()) report("a callback ran before the end of its call");
      in.parts[i] = read(futures[i]);
    }
  }

  void cancel_some(const frame& in) {
    auto futures = submit_all(in);
    for (std::size_t i = 0; i < in.count(); ++i) {
      const bool cancelled = in.one.choose(9 + i, 4) != 0 && futures[i].cancel();
      try {
        const outcome found = read(futures[i]);
        if (cancelled) report("a call that was cancelled came to something");
        if (found != in.one.child(i).expected())
          report("a call that others were cancelled beside came to something else");
      } catch (const heddle::cancelled_error&) {
        if (!cancelled) report("a call was cancelled by nobody");
      }
    }
  }

  heddle::asyncio::task<void> await_all(const frame& in) {
    std::vector<heddle::asyncio::task<void>> all;
    for (std::size_t i = 0; i < in.count(); ++i) all.push_back(await_one(in, i));
    co_await heddle::asyncio::gather(std::move(all));
  }

  heddle::asyncio::task<void> await_one(const frame& in, std::size_t i) {
    if (in.one.choose(10 + i, 2) == 0)
      co_await heddle::asyncio::sleep(std::chrono::microseconds(in.one.choose(6, 100)));
    try {
      in.parts[i].value = co_await pool_of(in).submit(returns_child(in.one, in.pool), i);
    } catch (const planned& thrown) {
      in.parts[i] = {thrown.value, true};
    }
  }

  /// Waits until several have arrived. Shared, since who arrives last is in it when the wait ends.
  class countdown {
   public:
    explicit countdown(std::size_t several) : left_(several), ends_(last_.get_future()) {}
    void arrive() {
      if (--left_ == 0) last_.set_value();
    }
    void wait() { ends_.result(); }

   private:
    std::atomic<std::size_t> left_;
    heddle::promise<void> last_;
    heddle::future<void> ends_;
  };

  static outcome read(heddle::future<std::uint64_t>& from) {
    return outcome_from([&] { return from.result(); });
  }

  template <class Get>
  static outcome outcome_from(Get value) {
    try {
      return {value(), false};
    } catch (const planned& thrown) {
      return {thrown.value, true};
    }
  }

  heddle::thread_pool_executor* pools_[2];
  const bool others_are_needed_ = pools_[0] != pools_[1];
  std::array<std::mutex, 16> mutexes_;
  heddle_test::life_counts& counts_;
  std::atomic<int> nothing_{0};
};

}  // namespace heddle_fuzz
