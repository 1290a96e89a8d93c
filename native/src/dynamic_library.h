// Libraries that are found and loaded at run time, so that this one needs none of them to start.
#pragma once

#include <filesystem>
#include <string>

namespace edgeml {

// Never unloaded: these libraries have their own threads. Null on failure, with the loader's reason in `cause`.
void *open_library(const std::string &path, std::string &cause);
void *find_symbol(void *library, const char *symbol); // null when it is not there

// Where this library lies; empty if the loader does not tell.
std::filesystem::path own_folder();

// The folder of the library that a function belongs to; empty where that is not known.
std::filesystem::path folder_of(const void *function);

void close_library(void *library) noexcept;

} // namespace edgeml
