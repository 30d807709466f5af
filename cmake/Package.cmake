# `make package`: a Debian package with the program, its service, manual page, documents and examples. The libraries it
# depends on are found from the program itself.
# What is packed is what was built: packing builds nothing by itself.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(PACKAGING ${CMAKE_SOURCE_DIR}/packaging)
install(TARGETS tailrace RUNTIME DESTINATION bin)
# The manual page and the completion come from the program's own list of verbs.
install(CODE "
  set(MADE \"${CMAKE_BINARY_DIR}/packaging\")
  file(MAKE_DIRECTORY \"\${MADE}\")
  execute_process(COMMAND \"$<TARGET_FILE:tailrace>\" man OUTPUT_FILE \"\${MADE}/tailrace.1\" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND \"$<TARGET_FILE:tailrace>\" completion bash OUTPUT_FILE \"\${MADE}/tailrace\" COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND gzip -9 -n -f \"\${MADE}/tailrace.1\" COMMAND_ERROR_IS_FATAL ANY)")
install(FILES ${CMAKE_BINARY_DIR}/packaging/tailrace.1.gz DESTINATION share/man/man1)
install(FILES ${CMAKE_BINARY_DIR}/packaging/tailrace DESTINATION share/bash-completion/completions)
install(FILES ${PACKAGING}/tailrace.service DESTINATION lib/systemd/system)
install(FILES ${PACKAGING}/default DESTINATION /etc/default RENAME tailrace)
install(FILES ${CMAKE_SOURCE_DIR}/README.md DESTINATION share/doc/tailrace)
install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION share/doc/tailrace RENAME copyright)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/docs DESTINATION share/doc/tailrace)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/examples DESTINATION share/doc/tailrace PATTERN logs EXCLUDE PATTERN tailrace-data EXCLUDE)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME tailrace)
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Tails logs, runs continuous SQL over them, and rings")
set(CPACK_PACKAGE_CONTACT "The Tailrace maintainers <root@localhost>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "tzdata, ca-certificates, passwd")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PACKAGING}/postinst ${PACKAGING}/prerm ${PACKAGING}/postrm
                                       ${CMAKE_BINARY_DIR}/packaging/conffiles)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
file(WRITE ${CMAKE_BINARY_DIR}/packaging/conffiles "/etc/default/tailrace\n")
include(CPack)
