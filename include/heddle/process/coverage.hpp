// SPDX-License-Identifier: MIT
// The seam to compilers that count which lines have run, in processes that end by _exit().
#pragma once

#if defined(HEDDLE_COVERAGE)
extern "C" {
// NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier): the compilers' names.
void __gcov_dump(void);
void __gcov_reset(void);
#if defined(__clang__)
char* __llvm_profile_begin_counters(void);
char* __llvm_profile_end_counters(void);
int __llvm_profile_write_file(void);
void __llvm_profile_reset_counters(void);
#endif
// NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier)
}
#endif

namespace heddle::process {

/// In a process that was forked: what ran before is counted by the one that forked it. Does something only where
/// HEDDLE_COVERAGE is defined, as write_coverage().
inline void reset_coverage() noexcept {
#if defined(HEDDLE_COVERAGE)
  ::__gcov_reset();
#if defined(__clang__)
  ::__llvm_profile_reset_counters();
#endif
#endif
}

/// Before a process ends by _exit(), which does not do it.
inline void write_coverage() noexcept {
#if defined(HEDDLE_COVERAGE)
  ::__gcov_dump();
#if defined(__clang__)
  // There are none where Clang counts as GCC does, and then it would complain.
  if (::__llvm_profile_begin_counters() != ::__llvm_profile_end_counters())
    static_cast<void>(::__llvm_profile_write_file());
#endif
#endif
}

}  // namespace heddle::process
