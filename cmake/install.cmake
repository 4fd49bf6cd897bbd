# What an installation holds, and how hosts find it: a CMake package and a pkg-config file, both relocatable. The plugin's
# directory does not follow CMAKE_INSTALL_LIBDIR: ptb-host looks for ../lib/ptbridge/ptbridge.so beside itself.
include(CMakePackageConfigHelpers)

set(PTB_PLUGIN_DIR lib/ptbridge)
set(PTB_CMAKE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/ptbridge)
set(PTB_PKGCONFIG_DIR ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

add_library(ptbridge_header INTERFACE)
target_include_directories(ptbridge_header INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(ptbridge_header INTERFACE ${CMAKE_DL_LIBS})
set_target_properties(ptbridge_header PROPERTIES EXPORT_NAME ptbridge)

install(FILES plugin/include/ptbridge/ptbridge.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/ptbridge)
install(TARGETS ptbridge LIBRARY DESTINATION ${PTB_PLUGIN_DIR})
if(TARGET ptbridge-postgres)
  install(TARGETS ptbridge-postgres LIBRARY DESTINATION ${PTB_PLUGIN_DIR})
endif()
install(TARGETS ptb-host RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS ptbridge_header EXPORT ptbridgeTargets)
install(EXPORT ptbridgeTargets NAMESPACE ptbridge:: DESTINATION ${PTB_CMAKE_DIR})
foreach(directory schema docs)
  if(IS_DIRECTORY ${PROJECT_SOURCE_DIR}/${directory})
    install(DIRECTORY ${directory} DESTINATION ${CMAKE_INSTALL_DATADIR}/ptbridge PATTERN CMakeLists.txt EXCLUDE)
  endif()
endforeach()
foreach(file README.md CHANGELOG.md LICENSE)
  if(EXISTS ${PROJECT_SOURCE_DIR}/${file})
    install(FILES ${file} DESTINATION ${CMAKE_INSTALL_DOCDIR})
  endif()
endforeach()

set(PTB_PLUGIN ${PTB_PLUGIN_DIR}/ptbridge.so)
configure_package_config_file(
  cmake/ptbridgeConfig.cmake.in ${PROJECT_BINARY_DIR}/ptbridgeConfig.cmake
  INSTALL_DESTINATION ${PTB_CMAKE_DIR}
  PATH_VARS PTB_PLUGIN CMAKE_INSTALL_INCLUDEDIR
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/ptbridgeConfigVersion.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${PROJECT_BINARY_DIR}/ptbridgeConfig.cmake ${PROJECT_BINARY_DIR}/ptbridgeConfigVersion.cmake
        DESTINATION ${PTB_CMAKE_DIR})

# pkg-config's own directory is the only one that an installed .pc file knows for sure: the prefix is counted up from it.
file(RELATIVE_PATH PTB_PC_TO_PREFIX /${PTB_PKGCONFIG_DIR} /)
string(REGEX REPLACE "/$" "" PTB_PC_TO_PREFIX ${PTB_PC_TO_PREFIX})
configure_file(cmake/ptbridge.pc.in ${PROJECT_BINARY_DIR}/ptbridge.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/ptbridge.pc DESTINATION ${PTB_PKGCONFIG_DIR})
