// SPDX-License-Identifier: MIT
// The values of an enum without a fixed underlying type cannot be checked.
// error: which values an enum without a fixed underlying type may have is not known
#include <heddle/serialize.hpp>

using namespace heddle::process;

#ifdef CORRECT
enum color : int { red, green };
auto receive(byte_source& source) { return decode<color>(source); }
#else
enum color { red, green };
auto receive(byte_source& source) { return decode<color>(source); }
#endif
