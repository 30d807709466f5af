#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/disk.h"
#include "base/result.h"

namespace tailrace::ingest {

// Whether a file name (no slash) matches a pattern as Java's "glob:" syntax has it: * ? [a-z] [!a-z] {a,b} and \ to
// take the next character as it is. * matches the dot of hidden files, too.
bool MatchesGlob(std::string_view pattern, std::string_view name);

struct FoundFile {
  std::string path;
  FileInfo info;
};

struct GlobResult {
  std::vector<FoundFile> files;          // Sorted by path; no directories; no compressed files (.gz .bz2 .zip).
  std::vector<std::string> directories;  // Those that were listed, sorted: watch them for changes.
  std::vector<std::pair<std::string, Error>> failures;  // What could not be listed or looked at, but for kNotFound.
  bool cut = false;                                     // There were more than the limit.
};

// Finds the files that a pattern names, from the working folder when it does not begin with a slash. Every part of it
// may be a pattern; "**" stands for any number of folders (at most 16 deep).
GlobResult FindFiles(Disk& disk, std::string_view pattern, size_t files_max);

// The longest folder of the pattern without wildcards: "/var/log" of "/var/log/*/x.log".
std::string FixedFolder(std::string_view pattern);

// Existing folders near the pattern that hold *.log files, the most similar name first, at most `count_max`.
std::vector<std::string> NearbyLogFolders(Disk& disk, std::string_view pattern, size_t count_max);

bool IsCompressedName(std::string_view name);
std::string FolderOf(std::string_view path);
std::string_view NameOf(std::string_view path);

}  // namespace tailrace::ingest
