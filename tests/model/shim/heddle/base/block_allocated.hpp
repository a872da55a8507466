// SPDX-License-Identifier: MIT
// In place of heddle/base/block_allocated.hpp: every object is allocated and freed for itself, so that the checker sees
// who touches one that has ended.
#pragma once

namespace heddle::base {

struct block_allocated {};

}  // namespace heddle::base
