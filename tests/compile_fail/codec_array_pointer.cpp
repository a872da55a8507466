// SPDX-License-Identifier: MIT
// A pointer to an array does not know its length.
// error: does not know its length
#include <heddle/serialize.hpp>

#include <memory>
#include <vector>

using namespace heddle::process;

#ifdef CORRECT
auto receive(byte_source& source) { return decode<std::vector<int>>(source); }
#else
auto receive(byte_source& source) { return decode<std::unique_ptr<int[]>>(source); }
#endif
