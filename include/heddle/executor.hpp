// SPDX-License-Identifier: MIT
// What an executor is, and map() on top of it.
#pragma once

#include <heddle/executor_concept.hpp>
#include <heddle/map.hpp>
#include <heddle/map_members.hpp>
