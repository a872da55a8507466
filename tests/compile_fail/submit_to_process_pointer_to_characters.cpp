// SPDX-License-Identifier: MIT
// A string literal goes to a worker process as a string, and a pointer to characters does not.
// error: characters it takes as a std::string
#include <heddle/process_pool_executor.hpp>

#include <string_view>

#ifdef CORRECT
using text = std::string_view;
#else
using text = const char*;
#endif

char first(text all) { return all[0]; }

void use(heddle::process_pool_executor& procs) { procs.submit(first, "abc").wait(); }
