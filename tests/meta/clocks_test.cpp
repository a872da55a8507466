// SPDX-License-Identifier: MIT
// Whoever sets the time of day changes no wait: the headers know the steady clock only.

#include <regex>

#include "meta/source_tree.hpp"
#include "support/catch.hpp"

namespace {

using namespace heddle_test;

complaints check_clocks(const source_tree& tree) {
  static const std::regex time_of_day(
      R"(\b(system_clock|high_resolution_clock|utc_clock|file_clock|CLOCK_REALTIME\w*|FUTEX_CLOCK_REALTIME)"
      R"(|gettimeofday|timespec_get|sem_timedwait|pthread_cond_timedwait|pthread_mutex_timedlock)\b|\btime\(|\bTIME_UTC\b)");
  complaints found;
  for (const auto& [path, file] : tree) {
    if (!path.starts_with(headers_folder)) continue;
    for (std::size_t i = 0; i < file.size(); ++i) {
      const std::string code(code_of(file[i]));
      if (!std::regex_search(code, time_of_day)) continue;
      found.push_back(complaint(path, i, "a clock that can be set: wait by std::chrono::steady_clock"));
    }
  }
  return found;
}

}  // namespace

TEST_CASE("no header asks for the time of day", "[clocks]") {
  const complaints found = check_clocks(repository({"include"}));
  INFO(join(found));
  CHECK(found.empty());
}

TEST_CASE("a header that asks for the time of day is reported", "[clocks]") {
  const auto in_header = [](const char* text) { return check_clocks(made_up_tree({{"include/heddle/a.hpp", text}})); };
  CHECK(in_header("auto now = std::chrono::steady_clock::now();\n// no system_clock\ntimespec time{};").empty());
  CHECK(check_clocks(made_up_tree({{"tests/a.cpp", "std::chrono::system_clock::now();"}})).empty());
  CHECK(in_header("int i;\nauto now = std::chrono::system_clock::now();") ==
        complaints{"include/heddle/a.hpp:2: a clock that can be set: wait by std::chrono::steady_clock"});
  CHECK(in_header("clock_gettime(CLOCK_REALTIME_COARSE, &time);").size() == 1);
  CHECK(in_header("auto now = std::time(nullptr);").size() == 1);
}
