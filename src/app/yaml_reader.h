#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

// Reading of YAML configuration: every error with file, line, column and a suggestion, all of them at once.

namespace YAML {
class Node;
}

namespace tailrace::app {

// Where a value stands; lines and columns from 1, 0 when the whole file is meant.
struct Place {
  std::string file;
  int line = 0;
  int column = 0;
};

struct ConfigProblem {
  Place place;
  std::string message;  // "unknown key 'shard' in streams.orders"
  std::string hint;     // "did you mean 'shards'?"; may be empty
  bool warning = false;
};

// "file:line:column: message; hint".
std::string Format(const ConfigProblem& problem);

// Gives values that do not stand in the YAML: `{env: NAME}` and `{file: PATH}`. Errors: kNotFound.
class ValueSource {
 public:
  virtual ~ValueSource() = default;
  virtual Result<std::string> Environment(const std::string& name) = 0;
  virtual Result<std::string> FileText(const std::string& path) = 0;
};

// One node of the document with its path ("streams.orders.shards"). Cheap to copy.
class YamlValue {
 public:
  bool exists() const;
  const std::string& path() const { return path_; }
  Place place() const;
  // Reports a problem at this node.
  void Fail(std::string message, std::string hint = "") const;
  void Warn(std::string message, std::string hint = "") const;

  // Readers report a problem and give the fallback when the value is not of the kind. {parameter: NAME} may stand for
  // any of them.
  std::string Text(std::string_view fallback = "") const;  // Also {env: NAME} and {file: PATH}.
  int64_t Integer(int64_t min, int64_t max, int64_t fallback) const;
  double Number(double fallback) const;
  bool Boolean(bool fallback) const;
  std::chrono::milliseconds Duration(std::chrono::milliseconds min, std::chrono::milliseconds max,
                                     std::chrono::milliseconds fallback) const;  // 500ms, 15s, 10m, 24h, 7d
  uint64_t Bytes(uint64_t min, uint64_t max, uint64_t fallback) const;           // 4096, 64KiB, 1MB
  std::string OneOf(std::span<const std::string_view> choices, std::string_view fallback) const;
  std::vector<std::string> TextList() const;  // One text or a list of texts.
  // A variable of the environment; empty when it is not set.
  std::string Environment(const std::string& name) const;

  bool is_map() const;
  bool is_list() const;
  bool is_scalar() const;
  // Children in the order of the text. A node of another kind is a problem and has none.
  std::vector<std::pair<std::string, YamlValue>> Entries() const;
  std::vector<YamlValue> Items() const;
  YamlValue Child(std::string_view key) const;  // exists() is false when it is not there.

 private:
  friend class YamlDocument;
  struct Shared;
  std::optional<std::string> Scalar() const;
  YamlValue(std::shared_ptr<Shared> shared, std::shared_ptr<YAML::Node> node, std::string path);
  std::shared_ptr<Shared> shared_;
  std::shared_ptr<YAML::Node> node_;
  std::string path_;
};

class YamlDocument {
 public:
  // Parses `text`; a syntax error becomes a problem and an empty document. `sources` is borrowed.
  YamlDocument(std::string file, const std::string& text, ValueSource& sources);
  ~YamlDocument();
  YamlValue root() const;
  const std::vector<ConfigProblem>& problems() const;
  // What {parameter: NAME} stands for from now on.
  void SetParameters(std::map<std::string, std::string> parameters);

 private:
  std::shared_ptr<YamlValue::Shared> shared_;
  std::shared_ptr<YAML::Node> root_;
};

// What docs/configuration.md says of a key.
struct KeyDocument {
  std::string_view key;
  std::string_view kind;  // "duration", "text", "list of column" ...
  std::string_view summary;
  bool required = false;
};

// One key of a section: its documentation and how it is read into T.
template <typename T>
struct KeySpec {
  KeyDocument document;
  void (*read)(const YamlValue& value, T& into) = nullptr;
};

// Reports unknown keys (with the nearest known one) and missing required ones.
void CheckKeys(const YamlValue& section, std::span<const KeyDocument> keys);

template <typename T>
std::vector<KeyDocument> DocumentKeys(std::span<const KeySpec<T>> keys) {
  std::vector<KeyDocument> documents;
  for (const KeySpec<T>& key : keys) documents.push_back(key.document);
  return documents;
}

// Reads a map by its table.
template <typename T>
void ReadSection(const YamlValue& section, std::span<const KeySpec<T>> keys, T& into) {
  if (!section.is_map()) {
    section.Fail((section.path().empty() ? "the file" : section.path()) + " must be a map of keys");
    return;
  }
  CheckKeys(section, DocumentKeys(keys));
  for (const KeySpec<T>& key : keys) {
    const YamlValue value = section.Child(key.document.key);
    if (value.exists()) key.read(value, into);
  }
}

// "90s", "15m": one number, one unit; no unit means seconds. Nothing on bad form.
std::optional<std::chrono::milliseconds> ParseDuration(std::string_view text);
std::optional<uint64_t> ParseByteSize(std::string_view text);

}  // namespace tailrace::app
