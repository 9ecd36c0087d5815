# More than half of a build is tests; what they test is optimised as it ships.
# UBSan watches what is tested; in the tests themselves it is a third of the time to compile them.
set(FOXFIRE_TEST_OPTIONS -O0 -g1)
if(FOXFIRE_SANITIZE MATCHES "undefined")
  list(APPEND FOXFIRE_TEST_OPTIONS -fno-sanitize=undefined)
endif()

# foxfire_library(NAME SRCS … DEPS … [PRECOMPILED headers]): a static library whose headers are
# included as "folder/header.h" from the root of the tree. PRECOMPILED: what all of its sources read
# and costs seconds in each.
function(foxfire_library NAME)
  cmake_parse_arguments(ARG "" "" "SRCS;DEPS;PRECOMPILED" ${ARGN})
  add_library(${NAME} STATIC ${ARG_SRCS})
  target_include_directories(${NAME} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${NAME} PUBLIC ${ARG_DEPS})
  if(ARG_PRECOMPILED)
    target_precompile_headers(${NAME} PRIVATE ${ARG_PRECOMPILED})
  else()
    target_precompile_headers(${NAME} REUSE_FROM foxfire_precompiled)
  endif()
endfunction()

# Builds the tests that sanitizers run and what these need, nothing else.
if(FOXFIRE_TESTS)
  add_custom_target(sanitized_tests)
endif()

# foxfire_test(NAME SRCS … DEPS … LABELS unit|integration [sanitized] [TIMEOUT seconds]): one gtest
# program. Sanitizers run unit tests and those labelled sanitized.
function(foxfire_test NAME)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SRCS;DEPS;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 60)
  endif()
  add_executable(${NAME} ${ARG_SRCS})
  target_include_directories(${NAME} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(${NAME} PRIVATE ${ARG_DEPS} GTest::gmock GTest::gtest_main)
  target_compile_options(${NAME} PRIVATE ${FOXFIRE_TEST_OPTIONS})
  target_precompile_headers(${NAME} REUSE_FROM foxfire_precompiled_tests)
  add_test(NAME ${NAME} COMMAND ${NAME})
  set_tests_properties(${NAME} PROPERTIES LABELS "${ARG_LABELS}" TIMEOUT ${ARG_TIMEOUT})
  if(unit IN_LIST ARG_LABELS OR sanitized IN_LIST ARG_LABELS)
    add_dependencies(sanitized_tests ${NAME})
  endif()
endfunction()
