// SPDX-License-Identifier: MIT
// The version of heddle: the only place where it is written.
#pragma once

#define HEDDLE_VERSION_MAJOR 0
#define HEDDLE_VERSION_MINOR 1
#define HEDDLE_VERSION_PATCH 0
