// SPDX-License-Identifier: MIT
// Sandboxes for worker processes: what can be refused to their tasks, and whether this kernel can.
#pragma once

#include <heddle/process/sandbox.hpp>

namespace heddle {

using process::sandbox_error;
using process::sandbox_options;
using process::sandbox_support;

using process::describe_sandbox;

}  // namespace heddle
