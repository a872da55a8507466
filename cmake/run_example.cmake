# SPDX-License-Identifier: MIT
# Runs an example and compares what it prints with its head comment. Called with -D program, source, source_dir.
#
#   // run with: --flag @SOURCE_DIR@/docs        arguments, at most one such line; @SOURCE_DIR@ is the repository
#   // expected output: ^total +[0-9]+$          a CMake regular expression that a line matches; any number, in order

file(READ "${source}" text)

set(arguments "")
if(text MATCHES "\n// run with: ([^\n]*)\n")
  string(REPLACE "@SOURCE_DIR@" "${source_dir}" arguments "${CMAKE_MATCH_1}")
  separate_arguments(arguments UNIX_COMMAND "${arguments}")
endif()
execute_process(COMMAND "${program}" ${arguments} OUTPUT_VARIABLE output ERROR_VARIABLE errors RESULT_VARIABLE result)
set(transcript "it printed:\n${output}${errors}")
if(NOT result EQUAL 0)
  message(FATAL_ERROR "\n  ${source} ended with ${result}; ${transcript}")
endif()

if(NOT text MATCHES "\n// expected output: ")
  message(FATAL_ERROR "\n  ${source} has no line `// expected output: <regular expression>` in its head comment")
endif()
set(unread "${output}\n")
while(text MATCHES "\n// expected output: ([^\n]*)(\n.*)$")
  set(expected "${CMAKE_MATCH_1}")
  set(text "${CMAKE_MATCH_2}")
  set(found FALSE)
  while(NOT found)
    string(FIND "${unread}" "\n" end)
    if(end EQUAL -1)
      message(FATAL_ERROR "\n  ${source}: no further line matches `${expected}`; ${transcript}")
    endif()
    string(SUBSTRING "${unread}" 0 ${end} line)
    math(EXPR next "${end} + 1")
    string(SUBSTRING "${unread}" ${next} -1 unread)
    if("${line}" MATCHES "${expected}")
      set(found TRUE)
    endif()
  endwhile()
endwhile()
