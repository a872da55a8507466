# SPDX-License-Identifier: MIT
# Compiles a compile_fail case: it must fail with the error that it names, and compile with CORRECT defined.
# Called with -D case and -D command: the compiler and its flags, without the file.

file(STRINGS "${case}" expected REGEX "^// error: ")
if(NOT expected MATCHES "^// error: (.+)$")
  message(FATAL_ERROR "\n  ${case} has no line `// error: <regular expression>`")
endif()
set(expected "${CMAKE_MATCH_1}")

execute_process(COMMAND ${command} "${case}" RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result EQUAL 0)
  message(FATAL_ERROR "\n  ${case} compiles, and should not")
endif()
if(NOT output MATCHES "${expected}")
  message(FATAL_ERROR "\n  ${case} fails to compile, but not with `${expected}`:\n${output}")
endif()

execute_process(COMMAND ${command} -DCORRECT "${case}" RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "\n  ${case}, made correct, does not compile:\n${output}")
endif()
