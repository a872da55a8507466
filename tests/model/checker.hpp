// SPDX-License-Identifier: MIT
// The main program of the models of a header, or of a few: explores them all, or shows that every memory order and
// barrier in it is needed.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <iostream>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model.hpp"
#include "orders.hpp"
#include "relacy.hpp"

namespace heddle_model {

/// How far a model is explored, and by which scheduler of Relacy.
template <template <rl::thread_id_t> class Scheduler>
struct search {
  rl::scheduler_type_e kind;
  std::uint64_t runs = 0;
  unsigned switches = 0;
};

/// Every interleaving, and at every load each value that it may see; old values by one store.
inline constexpr search<rl::full_search_scheduler> everything{rl::sched_full};
/// The same with at most `count` switches away from a thread that could go on; only the first `runs` of them, if given.
constexpr search<rl::context_bound_scheduler> at_most_switches(unsigned count, std::uint64_t runs = 0) {
  return {rl::sched_bound, runs, count};
}
/// Old values by two stores.
constexpr search<rl::random_scheduler> random_runs(std::uint64_t count) { return {rl::sched_random, count}; }

/// A model and how far it is explored. explore() returns what was found, and writes the interleaving that led there.
struct exploration {
  std::string_view claim;
  rl::test_params how;
  rl::test_result_e (*explore)(rl::test_params, std::ostream* out);
};

/// When all threads have ended nobody uses memory again that is freed: no alternatives. Relacy lets only its random
/// scheduler stop after a number of runs.
template <class Scheduler, rl::thread_id_t ThreadCount>
struct scheduler_until_the_end : Scheduler {
  using Scheduler::Scheduler;
  unsigned rand(unsigned count, rl::sched_type what) {
    const bool is_over = this->finished_thread_count_ == ThreadCount;
    return is_over && what == rl::sched_type_mem_realloc ? 1 : Scheduler::rand(count, what);
  }
  bool iteration_end() {
    const bool is_last = ++runs_ == this->params_.iteration_count;
    return Scheduler::iteration_end() || is_last;
  }

 private:
  std::uint64_t runs_ = 0;
};

template <class Model, template <rl::thread_id_t> class Scheduler>
rl::test_result_e explore_with(rl::test_params how, std::ostream* out) {
  constexpr rl::thread_id_t thread_count = Model::params::thread_count;
  using scheduler = scheduler_until_the_end<Scheduler<thread_count>, thread_count>;
  std::ostringstream silence;
  how.output_stream = out != nullptr ? out : &silence;
  how.progress_stream = &silence;
  rl::ostringstream last;
  const auto start = std::chrono::steady_clock::now();
  const rl::test_result_e found = rl::run_test<Model, scheduler>(how, last, false);
  const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
  *how.output_stream << how.stop_iteration << " runs, " << taken.count() << " s: " << rl::test_result_str(found)
                     << std::endl;
  if (found != rl::test_result_success && out != nullptr) {
    how.initial_state = how.final_state = last.str();
    how.collect_history = true;
    rl::run_test<Model, scheduler>(how, last, true);
  }
  return found;
}

template <class Model, template <rl::thread_id_t> class Scheduler>
exploration explore(std::string_view claim, search<Scheduler> how) {
  exploration made{claim, {}, &explore_with<Model, Scheduler>};
  made.how.search_type = how.kind;
  made.how.iteration_count = how.runs;
  made.how.context_bound = how.switches;
  made.how.execution_depth_limit = 20'000;  // of steps, beyond which a run is said to go on for ever
  return made;
}

/// An order that no model misses, and why it is there all the same.
struct spare_order {
  std::string_view name;
  std::string_view why;
};

/// What the models of some headers find.
class checker {
 public:
  checker(std::string_view header, std::vector<exploration> all, std::vector<spare_order> spare)
      : headers_{header}, all_(std::move(all)), spare_(std::move(spare)) {}
  checker(std::initializer_list<const char*> headers, std::vector<exploration> all, std::vector<spare_order> spare)
      : headers_(headers.begin(), headers.end()), all_(std::move(all)), spare_(std::move(spare)) {}

  /// Without arguments explores all models; with --orders then leaves out each memory order and barrier of the headers
  /// in turn; with the name of a mutant looks for its fault.
  int run(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--orders") return every_order_is_needed() ? 0 : 1;
    if (argc == 2) return mutant = argv[1], find_fault(&std::cout) ? 1 : 0;
    return explore_all(everything_there_is, &std::cout) ? 0 : 1;
  }

 private:
  static constexpr std::uint64_t everything_there_is = 0;

  /// At most so many runs of each model. False at the first fault.
  bool explore_all(std::uint64_t runs, std::ostream* out) {
    for (const exploration& one : all_) {
      if (out != nullptr) *out << one.claim << ": " << std::flush;
      rl::test_params how = one.how;
      const bool has_fewer = how.iteration_count != 0 && how.iteration_count <= runs;
      if (runs != everything_there_is && !has_fewer) how.iteration_count = runs;
      const rl::test_result_e found = one.explore(how, out);
      if (found == rl::test_result_success) continue;
      found_ = std::string(one.claim) + ": " + rl::test_result_str(found);
      if (out != nullptr) *out << "found: " << rl::test_result_str(found) << "\n";
      return false;
    }
    return true;
  }

  /// Where there ought to be one: a model that sees it mostly does so soon, so none is explored to its end before the
  /// others have been tried.
  bool find_fault(std::ostream* out) {
    return find_fault_soon(out) || !explore_all(40'000, out) || !explore_all(everything_there_is, out);
  }
  bool find_fault_soon(std::ostream* out) { return !explore_all(300, out) || !explore_all(5000, out); }

  bool every_order_is_needed() {
    orders.recording = true;
    const bool sound = explore_all(everything_there_is, &std::cout);
    orders.recording = false;
    if (!sound) return false;

    bool met_any = false;
    std::vector<std::string> unmissed;
    for (std::size_t i = 0; i < orders.met_count; ++i) {
      const ordered_site site = orders.met[i];
      const auto header = std::find_if(headers_.begin(), headers_.end(), [&site](auto one) { return site.is_in(one); });
      if (header == headers_.end()) continue;
      met_any = true;
      orders.left_out = &site;
      // Those that may be missing cost the most, and are not looked for as long.
      const bool may_be_missing =
          std::any_of(spare_.begin(), spare_.end(), [&site](const auto& one) { return one.name == site.name(); });
      const bool missed = may_be_missing ? find_fault_soon(nullptr) : find_fault(nullptr);
      orders.left_out = nullptr;
      std::cout << *header << ":" << site.where.line() << " without " << site.name() << ": "
                << (missed ? found_ : "no model misses it") << std::endl;
      if (!missed) unmissed.push_back(site.name());
    }
    std::vector<std::string> expected;
    for (const spare_order& one : spare_) {
      std::cout << "may be missing: " << one.name << ": " << one.why << "\n";
      expected.emplace_back(one.name);
    }
    std::sort(unmissed.begin(), unmissed.end());
    std::sort(expected.begin(), expected.end());
    if (unmissed != expected) std::cout << "those that no model misses are not those that may be missing\n";
    if (!met_any) std::cout << "no model met an order of " << headers_.front() << "\n";
    return met_any && unmissed == expected;
  }

  std::vector<std::string_view> headers_;
  std::vector<exploration> all_;
  std::vector<spare_order> spare_;
  std::string found_;
};

}  // namespace heddle_model
