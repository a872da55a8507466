// SPDX-License-Identifier: MIT
// What the second translation unit tells the first about its view of the library.
#pragma once
#include <heddle/heddle.hpp>

#include <array>
#include <cstddef>

namespace other {

using type_sizes = std::array<std::size_t, 4>;

/// The sizes of the library's types as the including translation unit sees them; not inline, so that each has its own.
constexpr type_sizes sizes{sizeof(heddle::thread_pool_executor), sizeof(heddle::future<int>),
                           sizeof(heddle::promise<int>), sizeof(heddle::inline_executor)};

type_sizes sizes_there();
const void* default_executor_there();
heddle::future<int> submit_there(heddle::thread_pool_executor& pool, int x);

}  // namespace other
