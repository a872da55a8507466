# SPDX-License-Identifier: MIT
# Compiles program.cpp so that its lines are counted, runs it, and compares the counts with what its comments say.
# cmake -D "COMPILE=compiler and flags" -D COMPILER=GNU|Clang -D INCLUDE=... -D WORK=... -P check.cmake
cmake_minimum_required(VERSION 3.23)

set(source "${CMAKE_CURRENT_LIST_DIR}/program.cpp")
list(GET COMPILE 0 cxx)

# find_tool(VARIABLE NAME): the one that belongs to the compiler; without it the test ends here.
function(find_tool variable name)
  execute_process(COMMAND "${cxx}" -print-prog-name=${name} OUTPUT_VARIABLE path OUTPUT_STRIP_TRAILING_WHITESPACE)
  execute_process(COMMAND "${path}" --version RESULT_VARIABLE result OUTPUT_QUIET ERROR_QUIET)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "skipped: there is no ${name} of this compiler")
  endif()
  set(${variable} "${path}" PARENT_SCOPE)
endfunction()

if(COMPILER STREQUAL "GNU")
  find_tool(gcov gcov)
  set(flags --coverage)
else()
  find_tool(profdata llvm-profdata)
  find_tool(cov llvm-cov)
  set(flags -fprofile-instr-generate -fcoverage-mapping)
endif()

file(REMOVE_RECURSE "${WORK}")
file(MAKE_DIRECTORY "${WORK}")
set(compile ${COMPILE} -std=c++20 -pthread ${flags} -DHEDDLE_COVERAGE "-I${INCLUDE}")
file(WRITE "${WORK}/empty.cpp" "int main() { return 0; }\n")
execute_process(COMMAND ${compile} empty.cpp -o empty WORKING_DIRECTORY "${WORK}" RESULT_VARIABLE result
                OUTPUT_QUIET ERROR_QUIET)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "skipped: the library that counts is not there")
endif()
execute_process(COMMAND ${compile} -c "${source}" -o program.o WORKING_DIRECTORY "${WORK}" COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${compile} program.o -o program WORKING_DIRECTORY "${WORK}" COMMAND_ERROR_IS_FATAL ANY)

file(STRINGS "${source}" expected REGEX "// runs [0-9]+ times")
foreach(start IN ITEMS "init" "forked")
  set(argument "")
  if(start STREQUAL "forked")
    set(argument "forked")
  endif()
  file(GLOB counts "${WORK}/*.gcda" "${WORK}/*.profraw")
  file(REMOVE "${WORK}/counts.profdata" ${counts})
  execute_process(COMMAND "${CMAKE_COMMAND}" -E env "LLVM_PROFILE_FILE=${WORK}/counts-%m.profraw" ./program ${argument}
                  WORKING_DIRECTORY "${WORK}" COMMAND_ERROR_IS_FATAL ANY)
  if(COMPILER STREQUAL "GNU")
    execute_process(COMMAND "${gcov}" program.o WORKING_DIRECTORY "${WORK}" OUTPUT_QUIET ERROR_QUIET
                    COMMAND_ERROR_IS_FATAL ANY)
    file(READ "${WORK}/program.cpp.gcov" report)
  else()
    file(GLOB counts "${WORK}/*.profraw")
    execute_process(COMMAND "${profdata}" merge ${counts} -o counts.profdata WORKING_DIRECTORY "${WORK}"
                    COMMAND_ERROR_IS_FATAL ANY)
    execute_process(COMMAND "${cov}" show ./program -instr-profile=counts.profdata "${source}"
                    WORKING_DIRECTORY "${WORK}" OUTPUT_VARIABLE report COMMAND_ERROR_IS_FATAL ANY)
  endif()
  string(REPLACE ";" "" report "${report}")
  string(REGEX MATCHALL "[^\n]*// runs [0-9]+ times" lines "${report}")
  list(LENGTH expected all)
  list(LENGTH lines found)
  if(NOT all EQUAL found)
    message(FATAL_ERROR "the report has ${found} lines of ${all}:\n${report}")
  endif()
  foreach(line IN LISTS lines)
    string(REGEX MATCH "// runs ([0-9]+) times" matched "${line}")
    set(times "${CMAKE_MATCH_1}")
    # gcov: "  12:   18:  return ...", llvm-cov: "  18|  12|  return ..."
    if(NOT line MATCHES "^ *${times}\\*?: *[0-9]+:" AND NOT line MATCHES "^ *[0-9]+\\| *${times}\\|")
      message(SEND_ERROR "${start}: another count:\n${line}")
    endif()
  endforeach()
endforeach()
