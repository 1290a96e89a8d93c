# edgeml_embed_ptx(target namespace file...): adds `const char <name>_ptx[]` to the target, in that namespace.
function(edgeml_embed_ptx target namespace)
  foreach(file ${ARGN})
    get_filename_component(file ${file} ABSOLUTE)
    get_filename_component(name ${file} NAME_WE)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
    file(READ ${file} bytes HEX)
    string(REGEX REPLACE "(................................)" "\\1\n" bytes "${bytes}")
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1, " bytes "${bytes}")
    set(source ${CMAKE_CURRENT_BINARY_DIR}/${name}_ptx.cpp)
    file(CONFIGURE OUTPUT ${source} @ONLY CONTENT
"// Made by CMake from @file@.
namespace @namespace@ {
extern const char @name@_ptx[];
const char @name@_ptx[] = {
@bytes@0};
}
")
    target_sources(${target} PRIVATE ${source})
  endforeach()
endfunction()
