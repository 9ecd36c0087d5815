# Headers that nearly every source reads are parsed once for each of the two ways to compile: more
# than half of a build was reading them again. Every source still includes what it uses; the
# clang checks compile without these (tools/dev/clang_checks.py).
set(FOXFIRE_STANDARD_HEADERS
    <algorithm> <array> <atomic> <chrono> <cstddef> <cstdint> <filesystem> <functional> <map>
    <memory> <mutex> <optional> <string> <string_view> <thread> <unordered_map> <utility> <vector>)

add_library(foxfire_precompiled OBJECT ${CMAKE_CURRENT_LIST_DIR}/precompiled.cc)
target_link_libraries(foxfire_precompiled PRIVATE fmt::fmt spdlog::spdlog Threads::Threads)
target_precompile_headers(foxfire_precompiled PRIVATE
  ${FOXFIRE_STANDARD_HEADERS} <fmt/format.h> <spdlog/spdlog.h> <tl/expected.hpp>)

if(FOXFIRE_TESTS)
  # A program, as those that read it are: position independence is part of what must match.
  add_executable(foxfire_precompiled_tests EXCLUDE_FROM_ALL ${CMAKE_CURRENT_LIST_DIR}/precompiled.cc)
  target_link_libraries(foxfire_precompiled_tests
    PRIVATE fmt::fmt spdlog::spdlog GTest::gmock Threads::Threads)
  target_compile_options(foxfire_precompiled_tests PRIVATE ${FOXFIRE_TEST_OPTIONS})
  target_precompile_headers(foxfire_precompiled_tests PRIVATE
    ${FOXFIRE_STANDARD_HEADERS} <fmt/format.h> <spdlog/spdlog.h> <tl/expected.hpp>
    <gmock/gmock.h> <gtest/gtest.h>)
endif()
