// SPDX-License-Identifier: MIT
// With what /proc/self/exe is to be started to become this program.
#pragma once

#include <link.h>
#include <sys/auxv.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <heddle/base/file_text.hpp>

namespace heddle::process {

/// Whether the dynamic loader was started, with the name of this program as an argument: it wants an interpreter, and
/// the system has given it none.
[[nodiscard]] inline bool was_given_to_loader() noexcept {
  if (::getauxval(AT_BASE) != 0) return false;
  const auto* const headers = reinterpret_cast<const ElfW(Phdr)*>(::getauxval(AT_PHDR));
  for (std::size_t i = 0; headers != nullptr && i < ::getauxval(AT_PHNUM); ++i) {
    if (headers[i].p_type == PT_INTERP) return true;
  }
  return false;
}

/// Those of main(), or of the system where main() has none; where the loader was started, its own are before them: its
/// name, options, and the name of the program, which a change of the working folder does not matter to. Not empty.
/// Throws std::bad_alloc.
[[nodiscard]] inline std::vector<std::string> start_arguments(int count, const char* const* arguments) {
  const auto of_main = static_cast<std::size_t>(std::max(count, 0));
  std::vector<std::string> given(arguments, arguments + of_main);
  if (of_main != 0 && !was_given_to_loader()) return given;
  std::vector<std::string> all;
  const std::string line = base::text_of_file("/proc/self/cmdline");
  for (std::size_t begin = 0; begin < line.size(); begin += all.back().size() + 1) all.emplace_back(&line[begin]);
  if (of_main == 0) return all.empty() ? std::vector<std::string>(1) : all;
  if (all.size() <= of_main) return given;
  std::string& name = all[all.size() - of_main];
  // Without a slash, the loader looks for it among libraries.
  if (name.front() != '/' && name.find('/') != std::string::npos) {
    const std::unique_ptr<char, void (*)(void*)> folder(::getcwd(nullptr, 0), &std::free);
    if (folder != nullptr) name = std::string(folder.get()) + '/' + name;
  }
  return all;
}

}  // namespace heddle::process
