// SPDX-License-Identifier: MIT
// A comparison that is a pointer would be null where the set is made anew.
// error: whose comparison, hash or allocator is a function pointer or has state
#include <heddle/serialize.hpp>

#include <functional>
#include <set>

using namespace heddle::process;

#ifdef CORRECT
auto receive(byte_source& source) { return decode<std::set<int, std::greater<>>>(source); }
#else
auto receive(byte_source& source) { return decode<std::set<int, bool (*)(int, int)>>(source); }
#endif
