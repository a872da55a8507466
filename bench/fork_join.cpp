// SPDX-License-Identifier: MIT
// Recursive fork-join as the field measures it, without a cut-off: fib, skynet, nqueens, matmul. And eight long
// branches whose second worker comes late.

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "support/fork_join.hpp"
#include "support/page_aligned.hpp"
#include "support/registration.hpp"
#include "support/work.hpp"

namespace {

using namespace heddle_bench;

template <class Forks>
[[gnu::noinline]] std::uint64_t fib(unsigned n) {
  if (n < 2) return n;
  std::uint64_t x = 0;
  std::uint64_t y = 0;
  Forks::invoke([&x, n] { x = fib<Forks>(n - 1); }, [&y, n] { y = fib<Forks>(n - 2); });
  return x + y;
}

template <class Forks>
void fib_38(benchmark::State& state) {
  Forks forks(thread_count(state));
  for (auto _ : state) {
    std::uint64_t result = 0;
    forks.run([&result] { result = fib<Forks>(38); });
    require(result == 39'088'169, "fib(38)");
  }
}

/// The sum of the numbers of `size` leaves, by tens.
template <class Forks>
std::uint64_t skynet(std::uint64_t first, std::uint64_t size) {
  if (size == 1) return first;
  const std::uint64_t part = size / 10;
  std::array<std::uint64_t, 10> sums{};
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    Forks::invoke([&sums, first, part] { sums[I] = skynet<Forks>(first + I * part, part); }...);
  }(std::make_index_sequence<10>());
  std::uint64_t sum = 0;
  for (const std::uint64_t each : sums) sum += each;
  return sum;
}

template <class Forks, std::uint64_t Leaves>
void skynet_of(benchmark::State& state) {
  Forks forks(thread_count(state));
  for (auto _ : state) {
    std::uint64_t result = 0;
    forks.run([&result] { result = skynet<Forks>(0, Leaves); });
    require(result == Leaves * (Leaves - 1) / 2, "skynet");
  }
}

constexpr int queens = 14;
using board = std::array<std::uint8_t, queens>;

bool attacked(const board& rows, int column, int row) {
  for (int i = 0; i < column; ++i) {
    const int other = rows[static_cast<std::size_t>(i)];
    if (other == row || other == row - (column - i) || other == row + (column - i)) return true;
  }
  return false;
}

/// How many ways there are to fill the board from `column` on.
template <class Forks>
int place_queens(const board& rows, int column) {
  if (column == queens) return 1;
  board free{};
  int free_count = 0;
  for (int row = 0; row < queens; ++row) {
    if (!attacked(rows, column, row)) free[static_cast<std::size_t>(free_count++)] = static_cast<std::uint8_t>(row);
  }
  std::array<int, queens> found{};
  Forks::each(0, free_count, [&](int i) {
    board next = rows;
    next[static_cast<std::size_t>(column)] = free[static_cast<std::size_t>(i)];
    found[static_cast<std::size_t>(i)] = place_queens<Forks>(next, column + 1);
  });
  int sum = 0;
  for (const int each : found) sum += each;
  return sum;
}

template <class Forks>
void nqueens_14(benchmark::State& state) {
  Forks forks(thread_count(state));
  for (auto _ : state) {
    int result = 0;
    forks.run([&result] { result = place_queens<Forks>(board{}, 0); });
    require(result == 365'596, "nqueens(14)");
  }
}

/// Square matrices inside larger ones, whose rows are `stride` apart.
struct matrices {
  const float* a;
  const float* b;
  float* c;
  std::size_t stride;
};

/// c += a * b. Not inlined, so that all runtimes run the same code.
[[gnu::noinline]] void multiply_small(const matrices& m, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t k = 0; k < size; ++k) {
      for (std::size_t j = 0; j < size; ++j) m.c[i * m.stride + j] += m.a[i * m.stride + k] * m.b[k * m.stride + j];
    }
  }
}

/// c += a * b, by quarters: first the four products that go to different quarters of c, then the other four.
template <class Forks>
void multiply(const matrices& m, std::size_t size) {
  if (size <= 32) return multiply_small(m, size);
  const std::size_t half = size / 2;
  const auto quarter = [&m, half](std::size_t row, std::size_t column, std::size_t inner) {
    multiply<Forks>({m.a + row * half * m.stride + inner * half, m.b + inner * half * m.stride + column * half,
                     m.c + row * half * m.stride + column * half, m.stride},
                    half);
  };
  for (const std::size_t inner : {0U, 1U}) {
    Forks::invoke([&] { quarter(0, 0, inner); }, [&] { quarter(0, 1, inner); }, [&] { quarter(1, 0, inner); },
                  [&] { quarter(1, 1, inner); });
  }
}

template <class Forks>
void matmul_2048(benchmark::State& state) {
  constexpr std::size_t size = 2048;
  page_aligned<float> a(size * size);
  page_aligned<float> b(size * size);
  page_aligned<float> c(size * size);
  for (std::size_t i = 0; i < size * size; ++i) {
    a[i] = static_cast<float>(i / size % 3);
    b[i] = static_cast<float>(i % size % 5);
  }
  Forks forks(thread_count(state));
  for (auto _ : state) {
    forks.run([&] { multiply<Forks>({a.data(), b.data(), c.data(), size}, size); });
    state.PauseTiming();
    for (std::size_t i = 0; i < size * size; ++i) {
      require(c[i] == static_cast<float>(size * (i / size % 3) * (i % size % 5)), "matmul(2048)");
      c[i] = 0;
    }
    state.ResumeTiming();
  }
}

/// Nobody begs when the branches are forked, and their owner then looks at nothing for 10 ms: do they stay hidden?
template <class Forks>
void late_8x10ms(benchmark::State& state) {
  using namespace std::chrono_literals;
  Forks forks(thread_count(state));
  const work body(10ms);
  for (auto _ : state) {
    forks.run_with_late_others(1ms, [&] {
      state.SetIterationTime(seconds_of([&] { Forks::invoke(body, body, body, body, body, body, body, body); }));
    });
  }
}

template <class Forks>
void add_all(const char* runtime, const thread_counts& threads = one_two_and_more()) {
  using benchmark::kMillisecond;
  add("fib_38", runtime, fib_38<Forks>, threads)->Unit(kMillisecond);
  add("skynet_1e6", runtime, skynet_of<Forks, 1'000'000>, threads)->Unit(kMillisecond);
  add("skynet_1e8", runtime, skynet_of<Forks, 100'000'000>, threads)->Unit(kMillisecond);
  add("nqueens_14", runtime, nqueens_14<Forks>, threads)->Unit(kMillisecond);
  add("matmul_2048", runtime, matmul_2048<Forks>, threads)->Unit(kMillisecond);
}

const bool registered = [] {
  using benchmark::kMillisecond;
  constexpr std::int64_t rounds = 5;
  add_all<serial_forks>("serial", {1});
  add_timed_by_hand("late_8x10ms", "serial", late_8x10ms<serial_forks>, rounds, {1})->Unit(kMillisecond);
  add_all<heddle_forks>("heddle");
  add_timed_by_hand("late_8x10ms", "heddle", late_8x10ms<heddle_forks>, rounds, {2})->Unit(kMillisecond);
#ifdef HEDDLE_BENCH_TBB
  add_all<tbb_forks>("tbb");
  add_timed_by_hand("late_8x10ms", "tbb", late_8x10ms<tbb_forks>, rounds, {2})->Unit(kMillisecond);
#endif
#ifdef HEDDLE_BENCH_OPENMP
  add_all<openmp_forks>("openmp");
  add_timed_by_hand("late_8x10ms", "openmp", late_8x10ms<openmp_forks>, rounds, {2})->Unit(kMillisecond);
#endif
  return true;
}();

}  // namespace
