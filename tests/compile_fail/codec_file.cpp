// SPDX-License-Identifier: MIT
// Other types of the standard library that own something of this process.
// error: this type of the standard library cannot travel
#include <heddle/serialize.hpp>

#include <fstream>
#include <string>

using namespace heddle::process;

#ifdef CORRECT
auto receive(byte_source& source) { return decode<std::string>(source); }
#else
auto receive(byte_source& source) { return decode<std::fstream>(source); }
#endif
