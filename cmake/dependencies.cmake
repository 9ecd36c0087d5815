# Every library that Foxfire links; why each one: docs/dependencies.md.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(SQLiteCpp REQUIRED)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(SQLITE3 REQUIRED IMPORTED_TARGET sqlite3)
if(FOXFIRE_GRPC)
  find_package(Protobuf REQUIRED)
  find_package(gRPC CONFIG REQUIRED)
endif()

# Debian's ZooKeeper client has neither a pkg-config file nor a CMake one, and hides its synchronous
# calls unless THREADED is defined.
find_library(ZOOKEEPER_LIBRARY zookeeper_mt REQUIRED)
add_library(foxfire_zookeeper INTERFACE)
target_link_libraries(foxfire_zookeeper INTERFACE ${ZOOKEEPER_LIBRARY})
target_compile_definitions(foxfire_zookeeper INTERFACE THREADED)

if(FOXFIRE_TESTS)
  find_package(GTest REQUIRED)
endif()
