// SPDX-License-Identifier: MIT
// Which stop tokens there are: the standard library's, or heddle's own where it has none, as libc++ before 20.
#pragma once

#include <version>

#if defined(__cpp_lib_jthread) && __cpp_lib_jthread >= 201911L
#include <stop_token>
namespace heddle::base::stop_tokens {
using std::nostopstate;
using std::nostopstate_t;
using std::stop_callback;
using std::stop_source;
using std::stop_token;
}  // namespace heddle::base::stop_tokens
#else
#include <heddle/base/stop_state.hpp>
namespace heddle::base::stop_tokens {
using base::nostopstate;
using base::nostopstate_t;
using base::stop_callback;
using base::stop_source;
using base::stop_token;
}  // namespace heddle::base::stop_tokens
#endif
