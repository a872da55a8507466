// SPDX-License-Identifier: MIT
// What a public header of worker processes includes first, so that the compiler says this and not which file is
// missing.
#pragma once

#if !defined(__linux__)
#error "heddle: worker processes are for Linux; take thread_pool_executor here"
#endif
