// SPDX-License-Identifier: MIT
// available_parallelism() and each of its sources: hardware, affinity mask, control groups, environment.

#include <heddle/base/available_parallelism.hpp>

#include <cstdlib>
#include <optional>
#include <string>

#include <support/catch.hpp>

#if defined(__linux__)
#include <sched.h>

#include <cerrno>
#include <cstddef>
#include <thread>
#include <vector>

#include <support/temporary_tree.hpp>
#endif

using heddle::base::available_parallelism;
using heddle::base::thread_limit_in;
using heddle::base::unlimited_cpus;

namespace {

/// HEDDLE_NUM_THREADS as the test wants it; what it was before comes back afterwards.
class thread_variable {
 public:
  explicit thread_variable(const char* value) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  ~thread_variable() { set(before_ ? before_->c_str() : nullptr); }
  thread_variable(const thread_variable&) = delete;
  thread_variable& operator=(const thread_variable&) = delete;

  void set(const char* value) {
    if (value == nullptr) {
      ::unsetenv(name);
    } else {
      ::setenv(name, value, 1);
    }
  }

 private:
  static constexpr const char* name = "HEDDLE_NUM_THREADS";
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("the variable's value is a limit only if it is a positive number", "[available_parallelism]") {
  CHECK(thread_limit_in("1") == 1);
  CHECK(thread_limit_in("64") == 64);
  CHECK(thread_limit_in("4294967294") == 4294967294U);
  CHECK(thread_limit_in(nullptr) == unlimited_cpus);
  const auto* garbage = GENERATE("", "0", "-2", "+2", "2.5", " 2", "2 ", "two", "4 threads", "0x4", "4294967296",
                                 "4294967297", "99999999999999999999999");
  CAPTURE(garbage);
  CHECK(thread_limit_in(garbage) == unlimited_cpus);
}

TEST_CASE("available_parallelism is at least 1 and no more than the hardware has", "[available_parallelism]") {
  const thread_variable unset(nullptr);
  CHECK(available_parallelism() >= 1);
  CHECK(available_parallelism() <= heddle::base::hardware_cpu_count());
}

TEST_CASE("HEDDLE_NUM_THREADS lowers it, never raises it, and is read at each call", "[available_parallelism]") {
  thread_variable variable(nullptr);
  const unsigned without = available_parallelism();
  variable.set("1");
  CHECK(available_parallelism() == 1);
  variable.set("1000000");
  CHECK(available_parallelism() == without);
  variable.set("0");
  CHECK(available_parallelism() == without);
  variable.set("many");
  CHECK(available_parallelism() == without);
}

#if defined(__linux__)

TEST_CASE("a CPU quota lowers it", "[available_parallelism]") {
  const thread_variable unset(nullptr);
  const heddle_test::temporary_tree machine;
  CHECK(available_parallelism(machine.root()) >= 1);
  machine.write("/proc/self/cgroup", "0::/\n");
  machine.write("/proc/self/mountinfo", "31 23 0:28 / /cg rw - cgroup2 cgroup2 rw\n");
  machine.write("/cg/cpu.max", "1000 100000\n");
  if (heddle::base::hardware_cpu_count() == 1) SKIP("one CPU only: nothing can lower it");
  CHECK(available_parallelism(machine.root()) == 1);
}

TEST_CASE("it follows the affinity mask of the calling thread", "[available_parallelism]") {
  const thread_variable unset(nullptr);
  const heddle_test::temporary_tree no_groups;
  unsigned pinned = 0;
  unsigned mask_count = 0;
  int error = 0;
  std::thread([&] {
    cpu_set_t allowed;
    CPU_ZERO(&allowed);
    error = sched_getaffinity(0, sizeof allowed, &allowed);
    std::size_t first = 0;
    while (first < CPU_SETSIZE && !CPU_ISSET(first, &allowed)) ++first;
    CPU_ZERO(&allowed);
    CPU_SET(first, &allowed);
    if (error == 0) error = sched_setaffinity(0, sizeof allowed, &allowed);
    mask_count = heddle::base::affinity_cpu_count();
    pinned = available_parallelism(no_groups.root());
  }).join();
  if (error != 0) SKIP("the system lets no thread choose its CPUs");
  CHECK(mask_count == 1);
  CHECK(pinned == 1);
}

TEST_CASE("the affinity mask grows until the kernel's fits", "[available_parallelism]") {
  std::vector<std::size_t> asked;
  const auto kernel_of_5000 = [&](std::size_t bytes, cpu_set_t* mask) {
    asked.push_back(bytes);
    if (bytes * 8 < 5000) {
      errno = EINVAL;
      return -1;
    }
    CPU_ZERO_S(bytes, mask);
    for (const std::size_t cpu : {0U, 1023U, 1024U, 4000U, 4999U}) CPU_SET_S(cpu, bytes, mask);
    return 0;
  };
  CHECK(heddle::base::affinity_cpu_count(kernel_of_5000) == 5);
  CHECK(asked == std::vector<std::size_t>{128, 256, 512, 1024});
}

TEST_CASE("an affinity mask that cannot be read limits nothing", "[available_parallelism]") {
  int calls = 0;
  const auto failing_with = [&](int error) {
    return [&calls, error](std::size_t, cpu_set_t*) {
      ++calls;
      errno = error;
      return -1;
    };
  };
  CHECK(heddle::base::affinity_cpu_count(failing_with(EPERM)) == unlimited_cpus);
  CHECK(calls == 1);
  CHECK(heddle::base::affinity_cpu_count(failing_with(EINVAL)) == unlimited_cpus);
  CHECK(calls < 20);
}

TEST_CASE("an empty affinity mask limits nothing", "[available_parallelism]") {
  const auto empty = [](std::size_t bytes, cpu_set_t* mask) {
    CPU_ZERO_S(bytes, mask);
    return 0;
  };
  CHECK(heddle::base::affinity_cpu_count(empty) == unlimited_cpus);
}

#endif
