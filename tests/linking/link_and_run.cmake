# SPDX-License-Identifier: MIT
# Links a program, and the shared object that goes with it, and runs it. What the linker itself cannot do, shown by an
# empty program, is skipped; what heddle cannot do after that is an error.
# Called with -D link, the compiler with its flags, -D objects, -D program, -D arguments, and for a shared object
# -D library_object, -D library, -D linked if the program is linked with it, and -D other_object if another one is put in
# its place while it runs.

function(run)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "\n  ${command}\n  ended with ${result}:\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(WRITE "${program}.empty.cpp" "int main() { return 0; }\n")
execute_process(COMMAND ${link} "${program}.empty.cpp" -o "${program}.empty"
  RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(result EQUAL 0)
  execute_process(COMMAND "${program}.empty" RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
endif()
if(NOT result EQUAL 0)
  message("skipped: an empty program cannot be linked in this way and run:\n${output}")
  return()
endif()

set(library_argument "")
if(library)
  set(library_flags ${link})
  list(FILTER library_flags EXCLUDE REGEX "^-(no-)?pie$")
  run(${library_flags} -shared "${library_object}" -o "${library}")
  set(library_argument "${library}")
endif()
if(other_object)
  run(${library_flags} -shared "${other_object}" -o "${library}.other")
  list(APPEND library_argument "${library}.other")
endif()
if(linked)
  list(APPEND objects "${library}")
  set(library_argument "")
endif()
run(${link} -pthread ${objects} -o "${program}")
run("${program}" ${arguments} ${library_argument})
message("${output}")
