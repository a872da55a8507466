// SPDX-License-Identifier: MIT
// The unbalanced tree search of Olivier et al. (UTS, LCPC 2006): count the nodes of a tree that only shows its shape
// while it is walked. T1 is geometric, T3 binomial: almost all of its subtrees are tiny, a few are huge.

#include <benchmark/benchmark.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "support/fork_join.hpp"
#include "support/registration.hpp"
#include "support/sha1.hpp"

namespace {

using namespace heddle_bench;

struct node {
  sha1_digest state;
  int depth;

  /// In [0, 1).
  [[nodiscard]] double random() const { return static_cast<double>(state[4] & 0x7FFFFFFFU) / 0x80000000U; }
};

node root_of(std::uint32_t seed) { return {sha1(std::array<std::uint32_t, 5>{0, 0, 0, 0, seed}), 0}; }

node child_of(const node& parent, int index) {
  const auto& s = parent.state;
  return {sha1(std::array<std::uint32_t, 6>{s[0], s[1], s[2], s[3], s[4], static_cast<std::uint32_t>(index)}),
          parent.depth + 1};
}

/// A node has four children on average, down to depth 10.
struct t1 {
  static constexpr std::uint32_t seed = 19;
  static constexpr std::uint64_t nodes = 4'130'071;

  static int children_of(const node& parent) {
    if (parent.depth >= 10) return 0;
    constexpr double stop = 1.0 / (1.0 + 4.0);
    return static_cast<int>(std::floor(std::log(1 - parent.random()) / std::log(1 - stop)));
  }
};

/// The root has 2000 children; any other node has eight, or, about seven times in eight, none.
struct t3 {
  static constexpr std::uint32_t seed = 42;
  static constexpr std::uint64_t nodes = 4'112'897;

  static int children_of(const node& parent) {
    if (parent.depth == 0) return 2000;
    return parent.random() < 0.124875 ? 8 : 0;
  }
};

template <class Tree, class Forks>
std::uint64_t count_nodes(const node& root) {
  const int children = Tree::children_of(root);
  if (children == 0) return 1;
  std::vector<std::uint64_t> counts(static_cast<std::size_t>(children));
  Forks::each(0, children,
              [&](int i) { counts[static_cast<std::size_t>(i)] = count_nodes<Tree, Forks>(child_of(root, i)); });
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{1});
}

template <class Tree, class Forks>
void tree_search(benchmark::State& state) {
  Forks forks(thread_count(state));
  for (auto _ : state) {
    std::uint64_t result = 0;
    forks.run([&result] { result = count_nodes<Tree, Forks>(root_of(Tree::seed)); });
    require(result == Tree::nodes, "the number of nodes of the tree");
  }
}

template <class Forks>
void add_all(const char* runtime, const thread_counts& threads = one_two_and_more()) {
  add("uts_t1", runtime, tree_search<t1, Forks>, threads)->Unit(benchmark::kMillisecond);
  add("uts_t3", runtime, tree_search<t3, Forks>, threads)->Unit(benchmark::kMillisecond);
}

const bool registered = [] {
  add_all<serial_forks>("serial", {1});
  add_all<heddle_forks>("heddle");
#ifdef HEDDLE_BENCH_TBB
  add_all<tbb_forks>("tbb");
#endif
#ifdef HEDDLE_BENCH_OPENMP
  add_all<openmp_forks>("openmp");
#endif
  return true;
}();

}  // namespace
