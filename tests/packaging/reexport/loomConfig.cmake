# SPDX-License-Identifier: MIT
# The package of a library whose interface needs heddle.
include(CMakeFindDependencyMacro)
find_dependency(heddle)
include("${CMAKE_CURRENT_LIST_DIR}/loomTargets.cmake")
