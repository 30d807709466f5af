#include "ingest/agent/glob.h"

#include <algorithm>
#include <set>

#include "base/str.h"

namespace tailrace::ingest {
namespace {

constexpr int kFoldersDeepMax = 16;
constexpr size_t kFoldersLookedAtMax = 300;
constexpr size_t kAlternativesMax = 64;
constexpr size_t kNoMatch = std::string_view::npos;

// Matches one [class] at the front of `pattern`; `length` becomes the class's length, or 0 when it is not closed.
bool InClass(std::string_view pattern, char c, size_t& length) {
  size_t at = 1;
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  bool found = false;
  bool first = true;
  while (at < pattern.size() && (pattern[at] != ']' || first)) {
    first = false;
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    const auto low = static_cast<unsigned char>(pattern[at]);
    auto high = low;
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      high = static_cast<unsigned char>(pattern[at + 2]);
      at += 2;
    }
    found |= low <= static_cast<unsigned char>(c) && static_cast<unsigned char>(c) <= high;
    ++at;
  }
  length = at < pattern.size() ? at + 1 : 0;
  return found != negated;
}

// Without braces. Linear but for one point to go back to: the last star.
bool MatchesPlain(std::string_view pattern, std::string_view name) {
  size_t p = 0;
  size_t n = 0;
  size_t star = kNoMatch;
  size_t star_name = 0;
  while (n < name.size()) {
    bool matched = false;
    size_t width = 1;
    if (p < pattern.size()) {
      const char c = pattern[p];
      if (c == '*') {
        star = p++;
        star_name = n;
        continue;
      }
      if (c == '?') {
        matched = true;
      } else if (c == '[') {
        matched = InClass(pattern.substr(p), name[n], width);
        if (width == 0) {
          width = 1;
          matched = name[n] == '[';
        }
      } else if (c == '\\' && p + 1 < pattern.size()) {
        width = 2;
        matched = pattern[p + 1] == name[n];
      } else {
        matched = c == name[n];
      }
    }
    if (matched) {
      p += width;
      ++n;
    } else if (star != kNoMatch) {
      p = star + 1;
      n = ++star_name;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

// The pattern once for every choice of its first {a,b}, and so on for the further ones.
void ExpandBraces(std::string_view pattern, std::vector<std::string>& into) {
  size_t open = kNoMatch;
  for (size_t i = 0; i < pattern.size() && open == kNoMatch; ++i) {
    if (pattern[i] == '\\')
      ++i;
    else if (pattern[i] == '{')
      open = i;
  }
  const size_t close = open == kNoMatch ? kNoMatch : pattern.find('}', open);
  if (close == kNoMatch || into.size() >= kAlternativesMax) {
    into.emplace_back(pattern);
    return;
  }
  for (const std::string_view choice : Split(pattern.substr(open + 1, close - open - 1), ',')) {
    ExpandBraces(StrCat(pattern.substr(0, open), choice, pattern.substr(close + 1)), into);
  }
}

bool IsPattern(std::string_view part) { return part.find_first_of("*?[{\\") != kNoMatch; }

std::string JoinPath(std::string_view folder, std::string_view name) {
  return StrCat(folder, folder.ends_with('/') ? "" : "/", name);
}

class Finder {
 public:
  Finder(Disk& disk, size_t files_max, GlobResult& result) : disk_(disk), files_max_(files_max), result_(result) {}

  void Find(const std::string& folder, std::span<const std::string_view> parts, int depth) {
    if (parts.empty() || depth > 4 * kFoldersDeepMax) return;
    const bool last = parts.size() == 1;
    if (parts[0] == "**") {
      FindDeep(folder, parts.subspan(1), 0);
      return;
    }
    // The last folder is listed even for a plain name: its directory is what has to be watched.
    if (!IsPattern(parts[0])) {
      if (last) {
        result_.directories.push_back(folder);
        Look(JoinPath(folder, parts[0]));
      } else {
        Find(JoinPath(folder, parts[0]), parts.subspan(1), depth + 1);
      }
      return;
    }
    std::vector<std::string> alternatives;
    ExpandBraces(parts[0], alternatives);
    for (const std::string& name : List(folder)) {
      const bool matched = std::any_of(alternatives.begin(), alternatives.end(),
                                       [&](const std::string& pattern) { return MatchesPlain(pattern, name); });
      if (!matched) continue;
      if (last) {
        Look(JoinPath(folder, name));
      } else if (IsFolder(JoinPath(folder, name))) {
        Find(JoinPath(folder, name), parts.subspan(1), depth + 1);
      }
    }
  }

 private:
  void FindDeep(const std::string& folder, std::span<const std::string_view> rest, int depth) {
    if (rest.empty() || depth > kFoldersDeepMax) return;
    Find(folder, rest, depth);
    for (const std::string& name : List(folder)) {
      if (IsFolder(JoinPath(folder, name))) FindDeep(JoinPath(folder, name), rest, depth + 1);
    }
  }

  std::vector<std::string> List(const std::string& folder) {
    auto names = disk_.List(folder);
    if (names.ok()) {
      result_.directories.push_back(folder);
      return std::move(*names);
    }
    Fail(folder, names.error());
    return {};
  }

  bool IsFolder(const std::string& path) {
    const auto info = disk_.Stat(path);
    return info.ok() && info->is_directory;
  }

  void Look(const std::string& path) {
    if (IsCompressedName(path)) return;
    if (result_.files.size() >= files_max_) {
      result_.cut = true;
      return;
    }
    const auto info = disk_.Stat(path);
    if (!info.ok()) {
      Fail(path, info.error());
    } else if (!info->is_directory) {
      result_.files.push_back({path, *info});
    }
  }

  void Fail(const std::string& path, const Error& error) {
    if (error.code != ErrorCode::kNotFound) result_.failures.emplace_back(path, error);
  }

  Disk& disk_;
  const size_t files_max_;
  GlobResult& result_;
};

// Walks down from `folder`, nearest folders first.
std::vector<std::string> FoldersWithLogs(Disk& disk, const std::string& folder, int depth_max) {
  std::vector<std::string> found;
  std::vector<std::pair<std::string, int>> queue = {{folder, 0}};
  for (size_t i = 0; i < queue.size() && i < kFoldersLookedAtMax; ++i) {
    const auto [path, depth] = queue[i];
    const auto names = disk.List(path);
    if (!names.ok()) continue;
    bool has_logs = false;
    for (const std::string& name : *names) {
      if (name.ends_with(".log")) {
        has_logs = true;
      } else if (depth < depth_max && queue.size() < kFoldersLookedAtMax) {
        const auto info = disk.Stat(JoinPath(path, name));
        if (info.ok() && info->is_directory) queue.emplace_back(JoinPath(path, name), depth + 1);
      }
    }
    if (has_logs) found.push_back(path);
  }
  return found;
}

}  // namespace

bool MatchesGlob(std::string_view pattern, std::string_view name) {
  std::vector<std::string> alternatives;
  ExpandBraces(pattern, alternatives);
  return std::any_of(alternatives.begin(), alternatives.end(),
                     [&](const std::string& alternative) { return MatchesPlain(alternative, name); });
}

GlobResult FindFiles(Disk& disk, std::string_view pattern, size_t files_max) {
  GlobResult result;
  const bool absolute = pattern.starts_with('/');
  while (pattern.starts_with('/') || pattern.starts_with("./")) pattern.remove_prefix(pattern[0] == '/' ? 1 : 2);
  const std::vector<std::string_view> parts = Split(pattern, '/');
  Finder(disk, files_max, result).Find(absolute ? "/" : ".", parts, 0);
  const auto by_path = [](const FoundFile& a, const FoundFile& b) { return a.path < b.path; };
  const auto same_path = [](const FoundFile& a, const FoundFile& b) { return a.path == b.path; };
  std::sort(result.files.begin(), result.files.end(), by_path);
  result.files.erase(std::unique(result.files.begin(), result.files.end(), same_path), result.files.end());
  std::sort(result.directories.begin(), result.directories.end());
  result.directories.erase(std::unique(result.directories.begin(), result.directories.end()), result.directories.end());
  return result;
}

std::string FixedFolder(std::string_view pattern) {
  const size_t wild = pattern.find_first_of("*?[{\\");
  const size_t slash = pattern.substr(0, wild).rfind('/');
  return slash == kNoMatch || slash == 0 ? "/" : std::string(pattern.substr(0, slash));
}

std::vector<std::string> NearbyLogFolders(Disk& disk, std::string_view pattern, size_t count_max) {
  const std::string wanted = FixedFolder(pattern);
  std::string base = wanted;
  int up = 0;
  std::vector<std::string> found;
  // Up to the first folder that is there, then on upwards until something holds logs.
  while (found.empty() && up <= 3) {
    found = FoldersWithLogs(disk, base, 2);
    if (base == "/") break;
    base = FolderOf(base);
    if (!found.empty() || Exists(disk, base)) ++up;
  }
  std::sort(found.begin(), found.end());
  const auto nearest = NearestName(wanted, found);
  if (nearest) std::stable_partition(found.begin(), found.end(), [&](const std::string& f) { return f == *nearest; });
  if (found.size() > count_max) found.resize(count_max);
  return found;
}

bool IsCompressedName(std::string_view name) {
  return name.ends_with(".gz") || name.ends_with(".bz2") || name.ends_with(".zip");
}

std::string FolderOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == kNoMatch || slash == 0 ? "/" : std::string(path.substr(0, slash));
}

std::string_view NameOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == kNoMatch ? path : path.substr(slash + 1);
}

}  // namespace tailrace::ingest
