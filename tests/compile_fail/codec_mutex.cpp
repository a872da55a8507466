// SPDX-License-Identifier: MIT
// A mutex in another process would lock nothing here.
// error: what belongs to threads
#include <heddle/serialize.hpp>

#include <mutex>
#include <vector>

using namespace heddle::process;

#ifdef CORRECT
struct counter {
  std::vector<int> rest;
  int count;
};
void send(byte_sink& sink, const counter& value) { encode(sink, value); }
#else
struct counter {
  std::mutex guard;
  int count;
};
void send(byte_sink& sink, const counter& value) { encode(sink, value); }
#endif
