// SPDX-License-Identifier: MIT
// Memory that worker processes read and write where it is.
#include <heddle/shared_array.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <complex>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <new>
#include <numeric>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <heddle/array_split.hpp>
#include <heddle/parallel_map.hpp>
#include <heddle/process_pool_executor.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>

using heddle::process_pool_executor;
using heddle::shared_array;

namespace {

double sum_of(std::span<const double> values) { return std::accumulate(values.begin(), values.end(), 0.0); }

void double_all(std::span<double> values) {
  for (double& each : values) each *= 2;
}

/// How many lines of a process's list of mappings name memory that is shared, and are `size` bytes long.
int count_mappings(pid_t process, std::size_t size) {
  std::ifstream maps("/proc/" + std::to_string(process) + "/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("memfd:heddle") == std::string::npos) continue;
    std::size_t behind = 0;
    const std::size_t begin = std::stoull(line, &behind, 16);
    const std::size_t end = std::stoull(line.substr(behind + 1), nullptr, 16);
    count += end - begin == size ? 1 : 0;
  }
  return count;
}

int count_descriptors() {
  int count = 0;
  for (int each = 0; each < 70'000; ++each) count += ::fcntl(each, F_GETFD) != -1 ? 1 : 0;
  return count;
}

/// Until it is; the test's deadline ends it otherwise.
template <class Is>
void wait_until(const Is& is) {
  while (!is()) ::usleep(500);
}

void wait_for_gate(std::span<int> closed) {
  while (std::atomic_ref(closed[0]).load() == 0) ::usleep(100);
}

/// How much of a mapping of so many bytes a process has in memory.
std::size_t resident_bytes(pid_t process, std::size_t size) {
  std::ifstream maps("/proc/" + std::to_string(process) + "/smaps");
  bool is_it = false;
  for (std::string line; std::getline(maps, line);) {
    if (line.find("memfd:heddle") != std::string::npos) is_it = true;
    if (is_it && line.starts_with("Size:") && std::stoull(line.substr(5)) * 1024 != size) is_it = false;
    if (is_it && line.starts_with("Rss:")) return std::stoull(line.substr(4)) * 1024;
  }
  return 0;
}

pid_t allow_descriptors(unsigned most) {
  rlimit few{};
  ::getrlimit(RLIMIT_NOFILE, &few);
  few.rlim_cur = most;
  ::setrlimit(RLIMIT_NOFILE, &few);
  return ::getpid();
}

struct particle {
  std::array<double, 3> at{};
  long charge = 0;
};

// A size that nothing else has: 77 pages.
constexpr std::size_t odd_count = std::size_t{77} * 4096 / sizeof(double);

}  // namespace

TEST_CASE("a shared array is an array", "[shared_array]") {
  shared_array<int> zeros(1000);
  CHECK(zeros.size() == 1000);
  CHECK_FALSE(zeros.empty());
  CHECK(std::ranges::count(zeros, 0) == 1000);
  zeros[999] = 7;
  CHECK(std::as_const(zeros)[999] == 7);
  CHECK(shared_array<int>(3, 5)[2] == 5);
  const shared_array listed{1.5, 2.5};
  STATIC_REQUIRE(std::is_same_v<decltype(listed), const shared_array<double>>);
  CHECK(listed.end() - listed.begin() == 2);
  CHECK(listed[1] == 2.5);
  CHECK(shared_array(std::vector<short>{1, 2, 3})[2] == 3);
  CHECK(shared_array<long>(std::views::iota(0, 10))[9] == 9);
  CHECK(shared_array<const int>{4, 5}[1] == 5);
  STATIC_REQUIRE(std::is_same_v<decltype(std::declval<shared_array<const int>&>()[0]), const int&>);
  STATIC_REQUIRE(std::ranges::contiguous_range<shared_array<particle>>);
  STATIC_REQUIRE(!std::is_copy_constructible_v<shared_array<int>>);

  shared_array<int> moved = std::move(zeros);
  CHECK(moved[999] == 7);
  CHECK(zeros.empty());  // NOLINT(bugprone-use-after-move)
  moved = shared_array<int>();
  CHECK(moved.empty());
  CHECK(shared_array<int>(0).empty());
  CHECK(shared_array<std::complex<double>>(2)[1] == 0.0);
  CHECK_THROWS_AS(shared_array<double>(SIZE_MAX / 4), std::bad_alloc);
  CHECK_THROWS_AS(shared_array<double>(std::size_t{1} << 50U), std::bad_alloc);
}

TEST_CASE("calls write into a shared array, and read what is there", "[shared_array]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  shared_array<double> xs(10'007);
  std::ranges::copy(std::views::iota(0, 10'007), xs.begin());
  std::vector<heddle::future<void>> parts;
  for (const auto part : heddle::array_split(xs, 8)) parts.push_back(procs.submit(double_all, part));
  for (const auto& each : parts) each.result();
  bool is_doubled = true;
  for (std::size_t i = 0; i < xs.size(); ++i) is_doubled = is_doubled && xs[i] == 2.0 * static_cast<double>(i);
  CHECK(is_doubled);
  CHECK(procs.submit(sum_of, std::span<const double>(xs)).result() == 10'007.0 * 10'006.0);
  CHECK(procs.submit(sum_of, xs).result() == 10'007.0 * 10'006.0);
  CHECK(procs.submit(sum_of, std::span(xs).subspan(5, 2)).result() == 22);
  CHECK(procs.submit(sum_of, std::span(xs).first(0)).result() == 0);

  // A call sees what is written after it was submitted, as long as it has not ended.
  shared_array<int> flag(1);
  auto waits = procs.submit(
      [](std::span<int> seen) {
        while (std::atomic_ref(seen[0]).load() == 0) ::usleep(100);
        seen[0] = 2;
      },
      flag);
  std::atomic_ref(flag[0]).store(1);
  waits.result();
  CHECK(flag[0] == 2);

  shared_array<particle> cloud(3);
  procs.submit([](std::span<particle> all) { all[1] = {.at = {1, 2, 3}, .charge = -1}; }, cloud).result();
  CHECK(cloud[1].at[2] == 3);
  CHECK(cloud[1].charge == -1);
}

TEST_CASE("a shared array goes to every worker, old or new, and pool", "[shared_array]") {
  const heddle_test::deadline limit;
  shared_array<int> counts(2);
  const auto note = [](std::span<int> seen, int place) { std::atomic_ref(seen[static_cast<std::size_t>(place)])++; };
  {
    process_pool_executor procs{{.max_workers = 1, .max_tasks_per_child = 2}};
    for (int i = 0; i < 10; ++i) procs.submit(note, counts, 0).result();
    CHECK_THROWS_AS(procs.submit([](std::span<int>) { ::raise(SIGKILL); }, counts).result(), heddle::worker_died);
    procs.submit(note, counts, 0).result();
    process_pool_executor others{{.max_workers = 2, .on_crash = heddle::on_crash::retry(1)}};
    for (int i = 0; i < 10; ++i) others.submit(note, counts, 1).result();
    others
        .submit(
            [](std::span<int> seen) {
              if (std::atomic_ref(seen[1])++ == 10) ::raise(SIGKILL);
            },
            counts)
        .result();
  }
  CHECK(counts[0] == 11);
  CHECK(counts[1] == 12);
}

TEST_CASE("who writes to a constant array crashes, and nothing else happens", "[shared_array]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const shared_array<const int> primes{2, 3, 5};
  CHECK(procs.submit([](std::span<const int> seen) { return seen[2]; }, primes).result() == 5);
  auto vandal = procs.submit(
      [](std::span<const int> seen) {
        ::signal(SIGSEGV, SIG_DFL);
        const_cast<int&>(seen[0]) = 4;  // NOLINT(cppcoreguidelines-pro-type-const-cast): that is what is tried
      },
      primes);
  CHECK_THROWS_AS(vandal.result(), heddle::worker_died);
  CHECK(primes[0] == 2);
  CHECK(procs.submit([](std::span<const int> seen) { return seen[0]; }, primes).result() == 2);
}

TEST_CASE("a span of other memory is copied, or refused if it is to be written to", "[shared_array]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  std::vector<double> own{1, 2, 3};
  CHECK(procs.submit(sum_of, std::span<const double>(own)).result() == 6);
  CHECK_THROWS_AS(procs.submit(double_all, std::span<double>(own)), std::invalid_argument);
  CHECK_THROWS_AS(heddle::parallel_for_each(procs, std::span(own), [](double& each) { each = 0; }),
                  std::invalid_argument);
  shared_array<double> xs(512);  // one page
  // Neither in it nor beside it.
  CHECK_THROWS_AS(procs.submit(double_all, std::span<double>(xs.data(), 513)), std::invalid_argument);
  CHECK(procs.submit(double_all, std::span<double>()).exception() == nullptr);
  CHECK(procs.submit(sum_of, std::span<const double>()).result() == 0);
  xs[511] = 4;
  CHECK(procs.submit(sum_of, std::span<const double>(xs).last(1)).result() == 4);
}

TEST_CASE("maps and loops in processes take parts of shared arrays", "[shared_array]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 2}};
  shared_array<double> xs(1000, 1.0);
  double sum = 0;
  for (const double part : procs.map(sum_of, heddle::array_split(xs, 7))) sum += part;
  for (const double part : procs.map(sum_of, {.chunksize = 3}, heddle::array_split(xs, 7))) sum += part;
  CHECK(sum == 2000);
  for (const int done : procs.map(
           [](std::span<double> part) {
             double_all(part);
             return 1;
           },
           {.chunksize = 2}, heddle::array_split(xs, 7)))
    sum += done;
  CHECK(sum == 2007);
  CHECK(sum_of(xs) == 2000);

  const std::vector<std::string_view> words{"a", "bc", "def"};
  std::vector<std::size_t> lengths;
  for (const std::size_t each : procs.map([](std::string_view word) { return word.size(); }, {.chunksize = 2}, words))
    lengths.push_back(each);
  CHECK(lengths == std::vector<std::size_t>{1, 2, 3});

  CHECK(heddle::parallel_map(procs, [](double x) { return x + 1; }, xs) == std::vector<double>(1000, 3.0));
  heddle::parallel_for_each(procs, xs, [](double& x) { x = 5; });
  CHECK(sum_of(xs) == 5000);
  heddle::parallel_for_each(procs, std::span(xs).first(10), [](double& x) { x = 0; }, {.chunksize = 3});
  CHECK(sum_of(xs) == 4950);
  heddle::parallel_for_each(procs, xs, [](double) {});
  heddle::parallel_for_each(procs, xs, [](auto&& x) { x += 1; });
  CHECK(sum_of(xs) == 5950);
  heddle::parallel_for_each(procs, xs, [](auto&& x) { x -= 1; });
  heddle::parallel_for_each(procs, std::vector<std::string>{"a", "b"}, [](const std::string&) {});
  CHECK_THROWS_AS(heddle::parallel_for_each(procs, xs,
                                            [](double& x) {
                                              if (x == 0) throw std::domain_error("zero");
                                            }),
                  std::domain_error);
}

TEST_CASE("an array that is const where it is an argument can be read", "[shared_array]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const shared_array<double> xs(1000, 2.0);
  CHECK(procs.submit(sum_of, xs).result() == 2000.0);
  CHECK(procs.submit(sum_of, std::as_const(xs)).result() == 2000.0);
}

TEST_CASE("chunks of a map keep the memory of an array that is gone", "[shared_array]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  auto runs = procs.submit([] { std::this_thread::sleep_for(std::chrono::milliseconds(200)); });
  auto sums = [&] {
    const shared_array<double> xs(100'000, 2.0);
    return procs.map(sum_of, {.chunksize = 3}, heddle::array_split(xs, 10));
  }();
  for (const double each : sums) CHECK(each == 20'000.0);
}

TEST_CASE("calls keep the memory of an array that is gone", "[shared_array]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  shared_array<int> gate(1);
  auto first = procs.submit(wait_for_gate, gate);
  auto xs = std::make_unique<shared_array<double>>(odd_count, 1.0);
  std::vector<heddle::future<double>> sums;
  for (int i = 0; i < 200; ++i) sums.push_back(procs.submit(sum_of, *xs));
  xs.reset();
  CHECK(count_mappings(::getpid(), odd_count * sizeof(double)) == 1);
  std::atomic_ref(gate[0]).store(1);
  for (const auto& each : sums) CHECK(each.result() == odd_count);
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  wait_until([&] { return count_mappings(::getpid(), odd_count * sizeof(double)) == 0; });
  wait_until([&] { return count_mappings(worker, odd_count * sizeof(double)) == 0; });
}

TEST_CASE("the memory of an array is given back by workers that have nothing to do", "[shared_array]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  const int descriptors = procs.submit(count_descriptors).result();
  for (int round = 0; round < 3; ++round) {
    shared_array<double> xs(odd_count);
    shared_array<const double> ys(xs);
    procs.submit(sum_of, xs).result();
    procs.submit(sum_of, ys).result();
    CHECK(count_mappings(worker, odd_count * sizeof(double)) == 2);
    xs = {};
    ys = {};
    CHECK(count_mappings(::getpid(), odd_count * sizeof(double)) == 0);
    wait_until([&] { return count_mappings(worker, odd_count * sizeof(double)) == 0; });
  }
  CHECK(procs.submit(count_descriptors).result() == descriptors);
}

TEST_CASE("the memory of an array is given back at once, whoever has it mapped", "[shared_array]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  shared_array<double> xs(odd_count, 1.0);
  procs.submit(sum_of, xs).result();
  shared_array<int> gate(2);
  auto busy = procs.submit(
      [](std::span<int> closed) {
        std::atomic_ref(closed[1]).store(1);
        wait_for_gate(closed);
      },
      gate);
  wait_until([&] { return std::atomic_ref(gate[1]).load() == 1; });
  CHECK(resident_bytes(worker, odd_count * sizeof(double)) == odd_count * sizeof(double));
  xs = {};
  CHECK(count_mappings(worker, odd_count * sizeof(double)) == 1);
  CHECK(resident_bytes(worker, odd_count * sizeof(double)) == 0);
  std::atomic_ref(gate[0]).store(1);
  busy.result();
}

TEST_CASE("nobody gets a constant array to write to it", "[shared_array]") {
  using memory = heddle::process::shared_memory;
  const memory made = memory::make_unsealed(4096);
  made.bytes()[0] = std::byte{1};
  made.seal_constant();
  CHECK(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, made.number(), 0) == MAP_FAILED);
  const memory seen = memory::map(heddle::process::descriptor(::dup(made.number())), 4096, memory::access::reads);
  CHECK(seen.bytes()[0] == std::byte{1});
  CHECK(::ftruncate(made.number(), 0) != 0);
}

TEST_CASE("more arrays than a worker's socket holds wait for their turn", "[shared_array]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  shared_array<int> gate(1);
  auto first = procs.submit(wait_for_gate, gate);
  constexpr int many = 600;
  std::vector<shared_array<int>> arrays;
  std::vector<heddle::future<int>> firsts;
  for (int i = 0; i < many; ++i) {
    arrays.emplace_back(1, i);
    firsts.push_back(procs.submit([](std::span<const int> seen) { return seen[0]; }, arrays.back()));
  }
  std::atomic_ref(gate[0]).store(1);
  for (int i = 0; i < many; ++i) CHECK(firsts[static_cast<std::size_t>(i)].result() == i);
  firsts.clear();
  arrays.clear();
  const pid_t worker = procs.submit([] { return ::getpid(); }).result();
  wait_until([&] { return count_mappings(worker, 4096) <= 1; });  // the gate
}

TEST_CASE("a large argument beside a shared one", "[shared_array]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  shared_array<double> xs(100, 1.0);
  const std::vector<double> large(1'000'000, 1.0);
  const auto both = [](std::span<const double> a, std::span<double> b, const std::vector<double>& c) {
    double_all(b);
    return sum_of(a) + sum_of(b) + sum_of(c);
  };
  CHECK(procs.submit(both, std::span<const double>(large), xs, large).result() == 2'000'200);
  CHECK(xs[99] == 2);
}

TEST_CASE("arrays go while somebody asks whether other memory is theirs", "[shared_array]") {
  const heddle_test::deadline limit;
  const std::array<std::byte, 16> above{};  // threads' stacks and what is mapped, in any order
  std::atomic<bool> is_over{false};
  std::thread asks([&] {
    const std::array<std::byte, 16> other{};
    while (!is_over) {
      for (const auto& each : {std::span(other), std::span(above)})
        static_cast<void>(heddle::process::shared_segment::find(each));
    }
  });
  for (std::size_t i = 0; i < heddle_test::scaled(20'000); ++i) static_cast<void>(shared_array<int>(16));
  is_over = true;
  asks.join();
  CHECK(heddle::process::shared_segment::find(above) == nullptr);
}

TEST_CASE("a worker that cannot map an array says so, and is replaced", "[shared_array]") {
  const heddle_test::deadline limit;
  process_pool_executor procs{{.max_workers = 1}};
  // Everything once before, so that UBSan knows the types: it takes descriptors to look at new ones.
  CHECK_THROWS_AS(procs.submit([] { throw std::system_error(std::make_error_code(std::errc::io_error)); }).result(),
                  std::system_error);
  CHECK(procs.submit(sum_of, shared_array<double>(1)).result() == 0);
  CHECK(procs.submit(allow_descriptors, 100U).result() > 0);
  const pid_t before = procs.submit(allow_descriptors, 3U).result();
  shared_array<double> xs(10, 1.0);
  CHECK_THROWS_AS(procs.submit(sum_of, xs).result(), std::system_error);
  CHECK(procs.submit(sum_of, xs).result() == 10);
  CHECK(procs.submit([] { return ::getpid(); }).result() != before);
}

TEST_CASE("shared arrays in a sandbox, and beside a limit of memory", "[shared_array]") {
  const heddle_test::deadline limit;
  constexpr std::size_t megabytes_64 = (std::size_t{64} << 20U) / sizeof(double);
  shared_array<double> xs(megabytes_64, 1.0);
  process_pool_executor small{{.max_workers = 1, .max_memory = std::uint64_t{16} << 20U}};
  CHECK(small.submit(sum_of, xs).result() == megabytes_64);
  std::unique_ptr<process_pool_executor> strict;
  try {
    strict = std::make_unique<process_pool_executor>(
        heddle::process_pool_options{.max_workers = 1, .sandbox = heddle::sandbox_options::strict()});
  } catch (const heddle::sandbox_error& refused) {
    SKIP(refused.what());
  }
  strict->submit(double_all, std::span(xs).first(10)).result();
  CHECK(xs[9] == 2);
  CHECK(xs[10] == 1);
}

TEST_CASE("children that the program forks have its arrays, and leave them to it", "[shared_array]") {
  const heddle_test::deadline limit;
  auto xs = std::make_unique<shared_array<int>>(10, 1);
  const pid_t child = ::fork();
  if (child == 0) {
    (*xs)[3] = 7;
    xs.reset();
    ::_exit(shared_array<int>(5, 2)[4] == 2 ? 0 : 1);
  }
  int status = -1;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  CHECK((*xs)[3] == 7);
  CHECK((*xs)[4] == 1);
}
