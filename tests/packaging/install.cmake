# SPDX-License-Identifier: MIT
# Installs heddle as the README says into PREFIX, and fails unless exactly the headers of the source tree arrive there.
# cmake -D HEDDLE_CHECKOUT=... -D WORK=... -D PREFIX=... -D MOVED=... -D GENERATOR=... -D CXX=... -P install.cmake
cmake_minimum_required(VERSION 3.23)

# MOVED is where an earlier run has moved its prefix to.
file(REMOVE_RECURSE "${PREFIX}" "${MOVED}")
execute_process(
  COMMAND "${CMAKE_COMMAND}" --fresh -G "${GENERATOR}" -S "${HEDDLE_CHECKOUT}" -B "${WORK}"
          "-DCMAKE_CXX_COMPILER=${CXX}" "-DCMAKE_INSTALL_PREFIX=${PREFIX}"
          -DHEDDLE_BUILD_TESTS=OFF -DHEDDLE_BUILD_EXAMPLES=OFF -DHEDDLE_BUILD_BENCHMARKS=OFF
  COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND "${CMAKE_COMMAND}" --build "${WORK}" --target install COMMAND_ERROR_IS_FATAL ANY)

file(GLOB_RECURSE expected RELATIVE "${HEDDLE_CHECKOUT}" "${HEDDLE_CHECKOUT}/include/*")
foreach(file IN ITEMS heddleConfig heddleConfigVersion heddleTargets)
  list(APPEND expected share/cmake/heddle/${file}.cmake)
endforeach()
list(APPEND expected share/pkgconfig/heddle.pc)
file(GLOB_RECURSE arrived RELATIVE "${PREFIX}" "${PREFIX}/*")
list(SORT expected)
list(SORT arrived)
if(NOT arrived STREQUAL expected)
  message(FATAL_ERROR "installed are\n  ${arrived}\nexpected are\n  ${expected}")
endif()
