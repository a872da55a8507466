// SPDX-License-Identifier: MIT
// A view that arrives has nobody to own what it shows.
// error: a view does not own what it shows
#include <heddle/serialize.hpp>

#include <string>
#include <string_view>

using namespace heddle::process;

#ifdef CORRECT
auto receive(byte_source& source) { return decode<std::string>(source); }
#else
auto receive(byte_source& source) { return decode<std::string_view>(source); }
#endif
