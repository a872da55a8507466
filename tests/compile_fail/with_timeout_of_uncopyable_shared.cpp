// SPDX-License-Identifier: MIT
// error: copies the value of a shared_future, and this one cannot be copied
#include <heddle/shared_future.hpp>
#include <heddle/with_timeout.hpp>

#include <chrono>
#include <memory>

#ifdef CORRECT
using value = std::shared_ptr<int>;
#else
using value = std::unique_ptr<int>;
#endif

void use(const heddle::shared_future<value>& f) { static_cast<void>(heddle::with_timeout(f, std::chrono::seconds(1))); }
