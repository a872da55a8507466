// SPDX-License-Identifier: MIT
// The standard streams of a program and those of its workers: nothing is written twice, lost, or read by the wrong one.
#include <heddle/process_pool_executor.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include <support/catch.hpp>
#include <support/deadline.hpp>

#include "processes/started_program.hpp"

namespace {

std::vector<std::string> words_of(const std::string& text) {
  std::istringstream all(text);
  std::vector<std::string> words;
  for (std::string each; all >> each;) words.push_back(each);
  std::sort(words.begin(), words.end());
  return words;
}

}  // namespace

TEST_CASE("what a program and its workers print is written once", "[process_pool]") {
  const heddle_test::deadline limit;
  const bool is_synchronised = GENERATE(true, false);
  const heddle_test::program_options options{
      .variables = {"HEDDLE_TEST_STATIC_TEXT=1",
                    is_synchronised ? "HEDDLE_TEST_NOTHING=" : "HEDDLE_TEST_UNSYNCHRONISED="}};
  const auto ended = heddle_test::run_program({"print"}, options);
  CHECK(ended.code == 0);
  CHECK(words_of(ended.output) ==
        words_of("static object before workers call stream exit code last words after all ended"));
}

TEST_CASE("the input of a program is not that of its workers", "[process_pool]") {
  const heddle_test::deadline limit;
  const auto ended = heddle_test::run_program({"read"}, {}, "one\ntwo\nthree\n");
  CHECK(ended.code == 0);
  CHECK(ended.output == "one end two three");
  heddle_test::started_program program({"read_late"});
  CHECK(program.read_line() == "end");  // though nothing was written yet
  program.write("four\n");
  CHECK(program.read_line() == "four");
  CHECK(program.wait() == 0);
}

TEST_CASE("in a program without streams, none of ours takes their numbers", "[process_pool]") {
  const heddle_test::deadline limit;
  CHECK(heddle_test::run_program({"without_streams"}, {.has_streams = false}).code == 0);
}
