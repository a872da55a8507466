// SPDX-License-Identifier: MIT
// The standard library's stop tokens.
#pragma once

#include <stop_token>

namespace heddle::base {

using std::stop_source;
using std::stop_token;

}  // namespace heddle::base
