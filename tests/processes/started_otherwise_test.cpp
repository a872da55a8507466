// SPDX-License-Identifier: MIT
// Programs that are started by others, or whose file is not there any more.
#include <heddle/process_pool_executor.hpp>

#include <link.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <processes/starts_forked.hpp>
#include <support/catch.hpp>
#include <support/deadline.hpp>
#include <support/scale.hpp>
#include <support/temporary_tree.hpp>

#include "processes/started_program.hpp"

using Catch::Matchers::ContainsSubstring;

namespace {

constexpr bool has_sanitizer = heddle_test::under_address_sanitizer || heddle_test::under_thread_sanitizer;

bool is_installed(const std::string& command) {
  return std::system(("command -v " + command + " >/dev/null 2>&1").c_str()) == 0;
}

/// Of the dynamic loader; empty if there is none.
std::string path_of_loader() {
  std::string path;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* result) {
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          if (info->dlpi_phdr[i].p_type != PT_INTERP) continue;
          *static_cast<std::string*>(result) =
              reinterpret_cast<const char*>(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
        }
        return 1;
      },
      &path);
  return path;
}

}  // namespace

TEST_CASE("a program that is started by the name of the dynamic loader starts once more so", "[process_pool]") {
  const heddle_test::deadline limit;
  if (has_sanitizer) SKIP("sanitizers want to be loaded first");
  const std::string loader = path_of_loader();
  if (loader.empty()) SKIP("this program has none");
  const std::filesystem::path program = HEDDLE_TEST_PROGRAM;
  const auto ended = heddle_test::run_program({"some"}, {.before = {loader, "--library-path", "/nowhere"}});
  CHECK(ended.output == "all is well\n");
  CHECK(ended.code == 0);
  // By a name that its change of folder makes wrong.
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(program.parent_path());
  const auto relative =
      heddle_test::run_program({"elsewhere"}, {.before = {loader}, .path = "./" + program.filename().string()});
  std::filesystem::current_path(before);
  CHECK(relative.output == "all is well\n");
  CHECK(relative.code == 0);
}

TEST_CASE("a main() without parameters calls init() without them", "[process_pool]") {
  const heddle_test::deadline limit;
  const auto ended = heddle_test::run_program({"with_threads"}, {.variables = {"HEDDLE_TEST_NO_PARAMETERS=1"}});
  CHECK(ended.output == "all is well\n");
  CHECK(ended.code == 0);
}

TEST_CASE("a program whose file was removed has workers", "[process_pool]") {
  const heddle_test::deadline limit;
  const auto copy = std::filesystem::temp_directory_path() / ("heddle-removed-" + std::to_string(::getpid()));
  std::filesystem::copy_file(HEDDLE_TEST_PROGRAM, copy, std::filesystem::copy_options::overwrite_existing);
  const auto ended = heddle_test::run_program({"deleted_file", copy.string()}, {.path = copy.string()});
  CHECK(ended.output == "deleted\n");
  CHECK(ended.code == 0);
  CHECK_FALSE(std::filesystem::exists(copy));
}

TEST_CASE("a program that gains privileges when it is started does not start itself once more", "[process_pool]") {
  if (has_sanitizer) SKIP("sanitizers do without what such a program may not have");
  const heddle_test::deadline limit;
  constexpr uid_t nobody = 65534;
  const heddle_test::temporary_tree folder;
  const std::string copy = std::string(folder.root()) + "/privileged";
  std::filesystem::copy_file(HEDDLE_TEST_PROGRAM, copy);
  struct statvfs mounted{};
  if (::statvfs(copy.c_str(), &mounted) != 0 || (mounted.f_flag & ST_NOSUID) != 0) SKIP("the system does not let it");
  if (::chmod(folder.root(), 0755) != 0 || ::chown(copy.c_str(), nobody, nobody) != 0 ||
      ::chmod(copy.c_str(), 04755) != 0)
    SKIP("only root can give a program to another user");
  const auto ended = heddle_test::run_program({"some"}, {.path = copy});
  CHECK(ended.output == "all is well\n");
  CHECK(ended.code == 0);
}

TEST_CASE("a program in a debugger has workers", "[process_pool]") {
  const heddle_test::deadline limit;
  if (has_sanitizer) SKIP("leaks cannot be looked for in a debugger");
  if (!is_installed("gdb")) SKIP("there is no gdb");
  const auto ended = heddle_test::run_program({"some"}, {.before = {"gdb", "-nx", "-batch", "-ex", "run", "--args"}});
  if (ended.output.find("ptrace") != std::string::npos) SKIP("the system lets nobody debug");
  CHECK_THAT(ended.output, ContainsSubstring("all is well\n"));
  CHECK_THAT(ended.output, ContainsSubstring("exited normally"));
}

TEST_CASE("a program in an emulator has workers if it calls init()", "[process_pool]") {
  const heddle_test::deadline limit;
  if (has_sanitizer) SKIP("it maps too much memory");
  if (!is_installed("qemu-x86_64")) SKIP("there is no qemu-user");
  const auto ended = heddle_test::run_program({"some"}, {.before = {"qemu-x86_64"}});
  if (heddle_test::starts_forked()) {
    CHECK_THAT(ended.output, ContainsSubstring("call heddle::init(argc, argv) first in main()"));
  } else {
    CHECK(ended.output == "all is well\n");
    CHECK(ended.code == 0);
  }
}

TEST_CASE("in valgrind a program has workers, or is told why not", "[process_pool]") {
  const heddle_test::deadline limit;
  if (has_sanitizer) SKIP("it does not run programs with sanitizers");
  if (!is_installed("valgrind")) SKIP("there is no valgrind");
  if (heddle_test::starts_forked()) SKIP("it takes seconds, and would be the same");
  const auto ended = heddle_test::run_program({"some"}, {.before = {"valgrind", "-q"}});
  if (ended.output.find("debuginfo reader") != std::string::npos) SKIP("it is too old for what this compiler writes");
  const bool has_workers = ended.output.find("all is well\n") != std::string::npos;
  const bool is_told = ended.output.find("worker processes cannot be started: ") != std::string::npos;
  CHECK((has_workers || is_told));
}
