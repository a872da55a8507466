// SPDX-License-Identifier: MIT
// parallel_for() and parallel_for_each(): every index once, exceptions in sequential order, who runs what.

#include <heddle/inline_executor.hpp>
#include <heddle/parallel_for.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <forward_list>
#include <functional>
#include <limits>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <ranges>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>

namespace {

using heddle::parallel_for;
using heddle::parallel_for_each;
using heddle::thread_pool_executor;

/// How often each index was visited, by any thread.
class visits {
 public:
  explicit visits(std::size_t size) : counts_(size) {}
  void visit(std::size_t index) { counts_.at(index).fetch_add(1); }
  [[nodiscard]] bool each_once() const {
    for (const auto& count : counts_) {
      if (count.load() != 1) return false;
    }
    return true;
  }

 private:
  std::vector<std::atomic<int>> counts_;
};

/// An executor of one's own: a pool that counts what it is asked for.
class counting_executor {
 public:
  explicit counting_executor(std::size_t workers) : pool_({.max_workers = workers}) {}
  template <class F>
  auto submit(F&& callable) {
    ++submitted_;
    return pool_.submit(std::forward<F>(callable));
  }
  template <class F>
  void post(F&& callable) {
    pool_.post(std::forward<F>(callable));
  }
  [[nodiscard]] std::size_t max_workers() const { return pool_.max_workers(); }
  [[nodiscard]] int submitted() const { return submitted_; }

 private:
  thread_pool_executor pool_;
  int submitted_ = 0;
};

/// Takes no calls, and claims to have any number of workers.
struct boasting_executor {
  std::size_t workers;
  template <class F>
  heddle::future<void> submit(F) {
    throw heddle::executor_shutdown_error();
  }
  template <class F>
  void post(F) {}
  [[nodiscard]] std::size_t max_workers() const { return workers; }
};

template <class Derived>
struct base_of_body {
  void operator()(int i) const { static_cast<const Derived&>(*this).scale(i); }
};

struct scaled_by : base_of_body<scaled_by> {
  scaled_by(base_of_body<scaled_by> base, double* its_xs, double its_factor)
      : base_of_body<scaled_by>(base), xs(its_xs), factor(its_factor) {}
  void scale(int i) const { xs[i] *= factor; }
  double* xs;
  double factor;
};

struct body_that_counts {
  void operator()(int) const { std::atomic_ref(calls).fetch_add(1); }
  mutable long calls = 0;
};

}  // namespace

TEST_CASE("parallel_for visits every index once, for every size and number of workers", "[parallel_for]") {
  for (const std::size_t workers : {1U, 2U, 5U}) {
    thread_pool_executor pool{{.max_workers = workers}};
    for (const std::size_t size : {0U, 1U, 2U, 3U, 63U, 64U, 65U, 1000U, 100'003U}) {
      visits seen(size);
      parallel_for(pool, 0, size, [&](std::size_t i) { seen.visit(i); });
      CAPTURE(workers, size);
      REQUIRE(seen.each_once());
    }
  }
}

TEST_CASE("parallel_for gives a body of two parameters intervals that cover the range once", "[parallel_for]") {
  thread_pool_executor pool{{.max_workers = 3}};
  visits seen(10'000);
  parallel_for(pool, 0U, 10'000U, [&](unsigned first, unsigned last) {
    for (; first != last; ++first) seen.visit(first);
  });
  REQUIRE(seen.each_once());
}

TEST_CASE("parallel_for counts from negative numbers and in mixed types", "[parallel_for]") {
  std::atomic<long> sum{0};
  parallel_for(-10, 11L, [&](long i) { sum += i; });
  REQUIRE(sum == 0);
  parallel_for(std::int8_t{-128}, std::int8_t{127}, [&](std::int8_t i) { sum += i; });
  REQUIRE(sum == -255);
}

// One of sixteen loops that are known to be short is timed, and the time was divided by the number of items.
TEST_CASE("an empty loop calls nothing and learns nothing", "[parallel_for][regression]") {
  thread_pool_executor pool{{.max_workers = 2}};
  int calls = 0;
  for (int round = 0; round < 100; ++round) {
    const int last = round % 3 == 1 ? 1 : 0;
    parallel_for(pool, 0, last, [&](int) { ++calls; });
  }
  CHECK(calls == 33);
}

TEST_CASE("parallel_for of a range that ends before it begins is an error that says so", "[parallel_for]") {
  heddle::inline_executor here;
  const auto nothing = [](auto) { FAIL("no index to visit"); };
  REQUIRE_THROWS_WITH(parallel_for(here, 3, 1, nothing),
                      Catch::Matchers::ContainsSubstring("first is 3 and last is 1"));
  REQUIRE_THROWS_AS(parallel_for(here, -1, 10U, nothing), std::invalid_argument);
}

TEST_CASE("parallel_for starts anywhere in the widest type and stops at once when a body throws", "[parallel_for]") {
  thread_pool_executor pool{{.max_workers = 2}};
  const std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  REQUIRE_THROWS_AS(parallel_for(pool, std::uint64_t{1}, last, [](std::uint64_t) { throw 42; }), int);
}

TEST_CASE("parallel_for rethrows the exception that a sequential loop would have met first", "[parallel_for]") {
  thread_pool_executor pool{{.max_workers = 4}};
  for (int round = 0; round < 50; ++round) {
    int caught = -1;
    try {
      parallel_for(pool, 0, 10'000, [](int i) {
        if (i % 1000 == 777) throw i;
      });
    } catch (int index) {
      caught = index;
    }
    REQUIRE(caught == 777);
  }
}

TEST_CASE("parallel_for runs everything before the first failure and stops what comes after it", "[parallel_for]") {
  thread_pool_executor pool{{.max_workers = 2}};
  constexpr int size = 1'000'000;
  std::vector<std::atomic<char>> ran(size);
  std::atomic<int> count{0};
  REQUIRE_THROWS_AS(parallel_for(pool, 0, size,
                                 [&](int i) {
                                   if (i == 5) throw std::runtime_error("five");
                                   if (i > 5) std::this_thread::yield();  // the one that throws may have to wait
                                   ran[static_cast<std::size_t>(i)] = 1;
                                   ++count;
                                 }),
                    std::runtime_error);
  for (std::size_t i = 0; i < 5; ++i) REQUIRE(ran[i] == 1);
  REQUIRE(count < size / 2);
}

TEST_CASE("a pool of one worker runs a loop in the caller alone", "[parallel_for]") {
  thread_pool_executor pool{{.max_workers = 1}};
  const auto caller = std::this_thread::get_id();
  int next = 0;
  parallel_for(pool, 0, 1000, [&, caller](int i) {
    if (std::this_thread::get_id() != caller || i != next++) throw i;
  });
  REQUIRE(next == 1000);
}

TEST_CASE("loops nest, in tasks too, on any number of workers", "[parallel_for]") {
  for (const std::size_t workers : {1U, 2U, 4U}) {
    thread_pool_executor pool{{.max_workers = workers}};
    std::atomic<int> count{0};
    parallel_for(pool, 0, 20, [&](int) {
      parallel_for(pool, 0, 20, [&](int) { pool.submit([&] { parallel_for(0, 5, [&](int) { ++count; }); }).result(); });
    });
    REQUIRE(count == 2000);
  }
}

TEST_CASE("a loop without an executor runs on the pool of the task that calls it", "[parallel_for]") {
  thread_pool_executor pool{{.max_workers = 2, .thread_name_prefix = "mine"}};
  auto current = pool.submit([] { return &heddle::current_executor(); });
  REQUIRE(current.result() == &pool);
  REQUIRE(&heddle::current_executor() == &heddle::default_executor());
}

TEST_CASE("a loop on an executor that was shut down runs in the caller", "[parallel_for]") {
  thread_pool_executor pool{{.max_workers = 3}};
  pool.shutdown();
  visits seen(1000);
  parallel_for(pool, 0, 1000, [&](int i) { seen.visit(static_cast<std::size_t>(i)); });
  REQUIRE(seen.each_once());
}

TEST_CASE("a queued task may loop on its pool while the pool is being destroyed", "[parallel_for]") {
  std::atomic<int> count{0};
  {
    thread_pool_executor pool{{.max_workers = 2}};
    for (int task = 0; task < 10; ++task) {
      pool.post([&] { parallel_for(pool, 0, 100, [&](int) { ++count; }); });
    }
  }
  REQUIRE(count == 1000);
}

TEST_CASE("a loop on a broken pool tells what broke it, after its own work was joined", "[parallel_for]") {
  thread_pool_executor pool{{.max_workers = 2, .initializer = [] { throw std::runtime_error("no licence"); }}};
  REQUIRE_THROWS_AS(pool.submit([] {}).result(), heddle::broken_thread_pool);
  REQUIRE_THROWS_AS(parallel_for(pool, 0, 1000, [](int) {}), heddle::broken_thread_pool);
}

TEST_CASE("parallel_for_each visits the elements themselves, of every kind of range", "[parallel_for_each]") {
  thread_pool_executor pool{{.max_workers = 3}};
  std::vector<int> numbers(1000, 1);
  parallel_for_each(pool, numbers, [](int& n) { ++n; });
  REQUIRE(numbers == std::vector<int>(1000, 2));

  std::list<int> list(100, 1);
  parallel_for_each(pool, list, [](int& n) { n = 7; });
  REQUIRE(list == std::list<int>(100, 7));

  std::map<std::string, int> map{{"a", 1}, {"b", 2}};
  parallel_for_each(pool, map, [](auto& entry) { entry.second *= 10; });
  REQUIRE(map == std::map<std::string, int>{{"a", 10}, {"b", 20}});

  std::istringstream input("1 2 3 4");
  std::atomic<int> sum{0};
  parallel_for_each(std::views::istream<int>(input), [&](int n) { sum += n; });
  REQUIRE(sum == 10);

  std::vector<bool> bits(100, true);
  std::atomic<int> set{0};
  parallel_for_each(pool, bits, [&](bool bit) { set += bit ? 1 : 0; });
  REQUIRE(set == 100);
}

TEST_CASE("a body that is passed as its base without members, or by std::ref, is used as it is",
          "[parallel_for][regression]") {
  std::vector<double> xs(1000, 1);
  const scaled_by twice{{}, xs.data(), 2};
  const base_of_body<scaled_by>& as_base = twice;
  heddle::parallel_for(0, 1000, as_base);
  CHECK(xs == std::vector<double>(1000, 2));

  const body_that_counts counting;
  heddle::parallel_for(0, 1000, std::ref(counting));
  CHECK(counting.calls == 1000);
}

TEST_CASE("a loop body that cannot be copied is used as it is, and one that is more than plain bytes is too",
          "[parallel_for]") {
  struct pinned {
    pinned() = default;
    pinned(const pinned&) = delete;
    pinned& operator=(const pinned&) = delete;
    void operator()(int) const { ++*count; }
    std::atomic<int>* count = nullptr;
  };
  std::atomic<int> count{0};
  pinned body;
  body.count = &count;
  thread_pool_executor pool{{.max_workers = 2}};
  parallel_for(pool, 0, 100, body);
  REQUIRE(count == 100);

  const auto owner = std::make_shared<std::atomic<int>>(0);
  std::atomic<long> most_owners{0};
  const auto owning = [owner, &most_owners](int) {
    ++*owner;
    most_owners = owner.use_count();
  };
  parallel_for(pool, 0, 100, owning);
  parallel_for_each(pool, std::views::iota(0, 100), owning);
  REQUIRE(*owner == 200);
  REQUIRE(most_owners == 2);
}

TEST_CASE("a function is a loop body", "[parallel_for]") {
  static std::atomic<int> sum{0};
  struct functions {
    static void add(int n) { sum += n; }
  };
  sum = 0;
  thread_pool_executor pool{{.max_workers = 2}};
  parallel_for(pool, 0, 100, functions::add);
  parallel_for(pool, 0, 100, &functions::add);
  parallel_for_each(pool, std::views::iota(0, 100), functions::add);
  REQUIRE(sum == 3 * 4950);
}

TEST_CASE("a loop asks for one helper less than there are workers, and for none that would find no work",
          "[parallel_for]") {
  const auto helpers_for = [](std::size_t workers, int size) {
    counting_executor pool(workers);
    parallel_for(pool, 0, size, [](int) {});
    return pool.submitted();
  };
  REQUIRE(helpers_for(1, 1000) == 0);
  REQUIRE(helpers_for(3, 1000) == 2);
  REQUIRE(helpers_for(8, 3) == 2);
  REQUIRE(helpers_for(8, 1) == 0);
  REQUIRE(helpers_for(8, 0) == 0);
}

TEST_CASE("a loop in chunks gives each chunk to one call, from the first index on", "[parallel_for][chunksize]") {
  heddle::inline_executor here;
  thread_pool_executor pool{{.max_workers = 3}};
  const auto check = [](auto& on, int first, int last, std::size_t chunksize) {
    std::mutex mutex;
    std::vector<std::pair<int, int>> seen;
    const auto note = [&](int begin, int end) {
      const std::lock_guard lock(mutex);
      seen.emplace_back(begin, end);
    };
    parallel_for(on, first, last, note, {.chunksize = chunksize});
    std::sort(seen.begin(), seen.end());
    std::vector<std::pair<int, int>> expected;
    const int step = static_cast<int>(std::max(chunksize, std::size_t{1}));
    for (int begin = first; begin < last; begin += step) expected.emplace_back(begin, std::min(begin + step, last));
    return seen == expected;
  };
  for (const auto& [first, last] : {std::pair{0, 1000}, {-7, 93}, {5, 6}, {3, 3}}) {
    for (const std::size_t chunksize : {0U, 1U, 7U, 64U, 1000U, 5000U}) {
      CAPTURE(first, last, chunksize);
      REQUIRE(check(pool, first, last, chunksize));
      REQUIRE(check(here, first, last, chunksize));
    }
  }
}

TEST_CASE("one thread takes a whole chunk, of indices and of elements", "[parallel_for][chunksize]") {
  thread_pool_executor pool{{.max_workers = 4}};
  constexpr std::size_t chunksize = 16;
  std::vector<std::thread::id> who(1000);
  const auto each_chunk_has_one = [&] {
    for (std::size_t i = 0; i < who.size(); ++i) {
      if (who[i] != who[i / chunksize * chunksize]) return false;
    }
    return true;
  };
  const auto work = [](std::thread::id& mine) {
    std::this_thread::sleep_for(std::chrono::microseconds(2));
    mine = std::this_thread::get_id();
  };
  parallel_for(pool, std::size_t{0}, who.size(), [&](std::size_t i) { work(who[i]); }, {.chunksize = chunksize});
  REQUIRE(each_chunk_has_one());
  std::fill(who.begin(), who.end(), std::thread::id());
  parallel_for_each(pool, who, work, {.chunksize = chunksize});
  REQUIRE(each_chunk_has_one());
  REQUIRE(std::find(who.begin(), who.end(), std::thread::id()) == who.end());
}

TEST_CASE("a loop in chunks rethrows the exception that a sequential loop would have met first",
          "[parallel_for][chunksize]") {
  thread_pool_executor pool{{.max_workers = 2}};
  visits seen(1000);
  const auto fail = [&](std::size_t i) {
    seen.visit(i);
    if (i % 100 == 77) throw std::runtime_error(std::to_string(i));
  };
  REQUIRE_THROWS_WITH(parallel_for(pool, std::size_t{0}, std::size_t{1000}, fail, {.chunksize = 10}), "77");
}

// What the first worker had left of the loop when it began its item was out of reach until it ended.
TEST_CASE("as many bodies of a loop run at the same time as there are workers", "[parallel_for][regression]") {
  const heddle_test::deadline limit;
  const std::size_t workers = GENERATE(3U, 8U);
  const bool by_guest = GENERATE(false, true);
  const bool pauses = GENERATE(false, true);
  CAPTURE(workers, by_guest, pauses);
  thread_pool_executor pool{{.max_workers = workers}};
  for (int round = 0; round < 50; ++round) {
    std::atomic<std::size_t> begun{0};
    const auto loop = [&] {
      parallel_for(pool, std::size_t{0}, workers, [&](std::size_t) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));  // so it is known that they take long
        ++begun;
        while (begun < workers) std::this_thread::yield();
      });
    };
    by_guest ? loop() : pool.submit(loop).result();
    if (pauses) std::this_thread::sleep_for(std::chrono::milliseconds(1));  // so that all workers sleep
  }
}

TEST_CASE("a loop returns when its slowest body has returned, whoever runs it", "[parallel_for]") {
  thread_pool_executor pool{{.max_workers = 2}};
  const auto caller = std::this_thread::get_id();
  std::atomic<bool> helper_began{false};
  std::atomic<bool> caller_ended{false};
  std::atomic<bool> helper_ended{false};
  parallel_for(pool, 0, 2, [&, caller](int) {
    if (std::this_thread::get_id() == caller) {
      while (!helper_began) std::this_thread::yield();
      caller_ended = true;
    } else {
      helper_began = true;
      while (!caller_ended) std::this_thread::yield();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));  // gives a loop that does not wait the time to return
      helper_ended = true;
    }
  });
  REQUIRE(helper_ended);
}

TEST_CASE("an executor that claims to have no workers, or endless ones, still runs a loop",
          "[parallel_for][regression]") {
  for (const std::size_t workers : {std::size_t{0}, std::numeric_limits<std::size_t>::max()}) {
    boasting_executor pool{workers};
    int count = 0;
    parallel_for(pool, 0, 100, [&](int) { ++count; });
    REQUIRE(count == 100);
  }
}
