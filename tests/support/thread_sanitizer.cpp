// SPDX-License-Identifier: MIT
// What ThreadSanitizer is told. It cannot see that libstdc++ counts the owners of an exception inside its shared
// library, uninstrumented, so that the thread that frees an exception seems to race with the one that read it last.

// NOLINTBEGIN(readability-identifier-naming): the sanitizer chose the name.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:std::__exception_ptr::exception_ptr::_M_release\n"
         "race:std::runtime_error::~runtime_error\n"
         "race:std::logic_error::~logic_error\n";
}

// Children of fork() start threads, which the sanitizer refuses unless told otherwise.
extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "die_after_fork=0"; }
// NOLINTEND(readability-identifier-naming)
