// SPDX-License-Identifier: MIT
#include <heddle/base/usable_cpus.hpp>

#if defined(__linux__)

#include <sched.h>

#include <algorithm>
#include <set>
#include <thread>

#include <support/catch.hpp>
#include <support/child_process.hpp>
#include <support/threads.hpp>

using heddle::base::usable_cpus;

namespace {

void keep_this_thread_on(int cpu) {
  cpu_set_t mask;
  CPU_ZERO(&mask);
  CPU_SET(cpu, &mask);
  REQUIRE(::sched_setaffinity(0, sizeof mask, &mask) == 0);
}

}  // namespace

TEST_CASE("threads that are kept on a CPU each count as that many CPUs, and as one where it is the same",
          "[usable_cpus]") {
  if (!heddle_test::in_the_child()) {  // the CPUs that were seen stay so in the whole process
    const auto ended = heddle_test::run_this_test_in_a_child();
    INFO(ended.output);
    CHECK(ended.exit_code == 0);
    return;
  }
  const std::set<int> cpus = heddle_test::cpus_of_this_thread();
  REQUIRE_FALSE(cpus.empty());
  const auto most = std::min(static_cast<unsigned>(cpus.size()), heddle::base::parallelism_of_process(""));
  keep_this_thread_on(*cpus.begin());
  CHECK(usable_cpus::count() == 1);
  const auto note_a_thread_on = [](int cpu) {
    std::thread([cpu] {
      keep_this_thread_on(cpu);
      usable_cpus::note_this_thread();
    }).join();
  };
  note_a_thread_on(*cpus.begin());
  CHECK(usable_cpus::count() == 1);
  note_a_thread_on(*cpus.rbegin());
  CHECK(usable_cpus::count() == std::min(2U, most));
  for (const int cpu : cpus) note_a_thread_on(cpu);
  CHECK(usable_cpus::count() == most);
}

#endif
