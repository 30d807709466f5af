#include "ingest/formats/json_decoder.h"

#include <simdjson.h>

#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "base/str.h"
#include "ingest/formats/exact_number.h"
#include "ingest/formats/json_repair.h"
#include "ingest/formats/json_shape.h"
#include "ingest/formats/path_tree.h"
#include "ingest/formats/row_builder.h"

namespace tailrace::ingest {
namespace {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;
using Kind = RawValue::Kind;

constexpr size_t kShapesMax = 4;     // Remembered at a time.
constexpr uint32_t kMissesMax = 64;  // Records that no shape fitted, more than fitting ones, until shapes pause ...
constexpr uint32_t kRecordsPaused = 4096;    // ... for so many records.
constexpr size_t kBrokenDocumentsMax = 100;  // Of a record: each one may cost a look at all that follows.
constexpr std::string_view kNotAnObject = "the row is not a JSON object";

// Bytes with the room behind them that simdjson reads into.
class PaddedText {
 public:
  std::string_view Set(std::string_view text) {
    const size_t needed = text.size() + simdjson::SIMDJSON_PADDING;
    if (bytes_.size() < needed) bytes_.resize(std::max(needed, 2 * bytes_.size()));
    std::memcpy(bytes_.data(), text.data(), text.size());
    std::memset(bytes_.data() + text.size(), ' ', simdjson::SIMDJSON_PADDING);
    return {bytes_.data(), text.size()};
  }

 private:
  std::vector<char> bytes_;
};

// What JSON takes for white space, which is less than Trim takes.
constexpr std::string_view kBlanks = " \t\r\n";

bool IsBlank(std::string_view text) { return text.find_first_not_of(kBlanks) == std::string_view::npos; }

std::string_view TrimEnd(std::string_view token) { return token.substr(0, token.find_last_not_of(kBlanks) + 1); }

// Where a document ended, or why it could not be read.
struct Reading {
  size_t end = 0;
  std::string_view failure;
  bool ok() const { return failure.empty(); }
};

class JsonDecoder final : public Decoder {
 public:
  JsonDecoder(const InputSchema& schema, UsedColumns used) : builder_(schema, std::move(used)) {}

  Status Build(const InputSchema& schema) {
    TAILRACE_ASSIGN_OR_RETURN(tree_, BuildPathTree(schema, builder_.used_columns()));
    plain_keys_ = PlainKeys(tree_.root);
    shapes_fit_ = !tree_.flattens && tree_.row_path.members.empty() && tree_.root.captures.empty();
    return Ok();
  }

  Decoded Decode(std::span<const data::Record> records) override {
    builder_.Begin(records.size());
    for (size_t i = 0; i < records.size(); ++i) {
      record_ = &records[i];
      record_index_ = static_cast<uint32_t>(i);
      DecodeRecord(records[i].data);
    }
    return builder_.Finish();
  }

  std::span<const uint64_t> truncated() const override { return builder_.truncated(); }

 private:
  // True when no key needs escaping: then keys of documents without a backslash are compared as they stand.
  static bool PlainKeys(const PathNode& node) {
    for (const char c : node.key) {
      if (c == '"' || c == '\\' || static_cast<uint8_t>(c) < 0x20) return false;
    }
    if (node.element != nullptr && !PlainKeys(*node.element)) return false;
    return std::ranges::all_of(node.children, PlainKeys);
  }

  void DecodeRecord(std::string_view bytes) {
    const bool shaped = shapes_fit_ && pause_ == 0;
    if (shaped && ReadByShape(bytes)) return;
    if (pause_ > 0) --pause_;
    const std::string_view text = scratch_.Set(bytes);
    const Reading reading = ReadDocument(text, bytes);
    if (reading.ok()) {
      if (reading.end < text.size()) {
        DecodeDocuments(text.substr(reading.end), bytes);
      } else if (shaped) {
        LearnShape(text);
      }
    } else if (!IsBlank(bytes)) {
      DecodeDocuments(text, bytes);
    }
  }

  bool ReadByShape(std::string_view bytes) {
    if (shapes_.empty()) return false;
    marked_.Set(bytes);
    for (size_t i = 0; i < shapes_.size(); ++i) {
      builder_.ClearValues();
      if (!shapes_[i].Read(marked_, builder_.values())) continue;
      builder_.Append(*record_, record_index_, bytes);
      misses_ -= misses_ > 0 ? 1 : 0;
      if (i > 0) std::swap(shapes_[i], shapes_[i - 1]);  // The frequent ones come first.
      return true;
    }
    return false;
  }

  // Remembers the look of a record that no shape fitted. When most records look new, shapes are left alone for a while.
  void LearnShape(std::string_view text) {
    if (++misses_ > kMissesMax) {
      misses_ = 0;
      pause_ = kRecordsPaused;
      return;
    }
    std::optional<JsonShape> shape = JsonShape::Learn(text, tree_.root);
    if (!shape.has_value()) return;
    if (shapes_.size() == kShapesMax) shapes_.pop_back();
    shapes_.push_back(*std::move(shape));
  }

  // Takes the documents in `text` one by one; goes on behind a broken one.
  void DecodeDocuments(std::string_view text, std::string_view record_bytes) {
    size_t broken = 0;
    while (!IsBlank(text)) {
      if (broken > kBrokenDocumentsMax) {
        return builder_.AddError(record_index_, kParseError, "not JSON rows: too many broken ones before", text);
      }
      size_t size = FirstDocumentBytes(text);
      const bool whole = size != 0;
      if (!whole) size = NextDocumentLine(text);
      Reading reading = whole ? ReadDocument(text.substr(0, size), Bytes(text.substr(0, size), record_bytes))
                              : Reading{.failure = "a bracket or quote is not closed"};
      if (!reading.ok()) {
        ++broken;
        // A bracket that is missing would swallow the documents behind it; text that is no JSON at all is one fault up
        // to the next document, not one a word.
        const char first = text[text.find_first_not_of(kBlanks)];
        const size_t line = NextDocumentLine(text);
        size = first == '{' || first == '[' ? std::min(size, line) : line;
        const std::string_view part = Bytes(text.substr(0, size), record_bytes);
        const std::string_view repaired = repaired_.Set(RepairJson(text.substr(0, size)));
        if (!ReadDocument(repaired, part).ok()) {
          builder_.AddError(record_index_, kParseError, StrCat("not a JSON row: ", reading.failure), part);
        }
      }
      text.remove_prefix(size);
    }
  }

  // What an error shows of a record: all of it when the part is all that is in it.
  static std::string_view Bytes(std::string_view part, std::string_view record_bytes) {
    return Trim(part).size() == Trim(record_bytes).size() ? record_bytes : part;
  }

  // Reads the document at the front of `text` and appends its rows, or does nothing when it is not legal.
  // `text` lies in a PaddedText.
  Reading ReadDocument(std::string_view text, std::string_view bytes) {
    use_raw_keys_ = plain_keys_ && std::memchr(text.data(), '\\', text.size()) == nullptr;
    ondemand::document document;
    error_code code = Iterate(0, text, document);
    if (code != simdjson::SUCCESS) return Failure(code);
    simdjson::ondemand::json_type type;
    if ((code = document.type().get(type)) != simdjson::SUCCESS) return Failure(code);
    if (type != ondemand::json_type::object && type != ondemand::json_type::array) return {.failure = kNotAnObject};
    if (type == ondemand::json_type::array || !tree_.row_path.members.empty() || tree_.flattens) {
      return ReadRows(document, text, bytes);
    }
    ondemand::object object;
    if ((code = document.get_object().get(object)) != simdjson::SUCCESS) return Failure(code);
    builder_.ClearValues();
    if ((code = VisitObject(object, tree_.root)) != simdjson::SUCCESS) return Failure(code);
    const size_t end = DocumentEnd(document, text);
    builder_.Append(*record_, record_index_, end == text.size() ? bytes : text.substr(0, end));
    return {.end = end};
  }

  static Reading Failure(error_code code) { return {.failure = simdjson::error_message(code)}; }

  error_code Iterate(size_t level, std::string_view text, ondemand::document& document) {
    return parsers_[level].iterate(text.data(), text.size(), text.size() + simdjson::SIMDJSON_PADDING).get(document);
  }

  // Offset behind the document and the white space that follows it.
  static size_t DocumentEnd(ondemand::document& document, std::string_view text) {
    const char* location = nullptr;
    if (document.current_location().get(location) != simdjson::SUCCESS) return text.size();
    return static_cast<size_t>(location - text.data());
  }

  // The general case: the row path leads somewhere, or an array makes several rows. All rows are read before the first
  // one is appended.
  Reading ReadRows(ondemand::document& document, std::string_view text, std::string_view bytes) {
    pending_.clear();
    pending_rows_ = 0;
    pending_arena_ = data::Arena();
    std::string_view root;
    error_code code = RawText(document, root);
    if (code != simdjson::SUCCESS) return Failure(code);
    const size_t end = DocumentEnd(document, text);
    if (code = CollectAtPath(root, 0); code != simdjson::SUCCESS) {
      return {.failure = code == simdjson::INCORRECT_TYPE ? kNotAnObject : simdjson::error_message(code)};
    }
    const std::span<RawValue> values = builder_.values();
    for (size_t row = 0; row < pending_rows_; ++row) {
      std::copy_n(pending_.begin() + static_cast<ptrdiff_t>(row * values.size()), values.size(), values.begin());
      builder_.Append(*record_, record_index_, end == text.size() ? bytes : text.substr(0, end));
    }
    return {.end = end};
  }

  template <typename Source>  // A document or a value.
  static error_code RawText(Source& source, std::string_view& raw) {
    ondemand::json_type type;
    if (const error_code code = source.type().get(type); code != simdjson::SUCCESS) return code;
    if (type == ondemand::json_type::object) {
      ondemand::object object;
      if (const error_code code = source.get_object().get(object); code != simdjson::SUCCESS) return code;
      return object.raw_json().get(raw);
    }
    if (type != ondemand::json_type::array) return simdjson::INCORRECT_TYPE;
    ondemand::array array;
    if (const error_code code = source.get_array().get(array); code != simdjson::SUCCESS) return code;
    return array.raw_json().get(raw);
  }

  // Follows the row path from its member `step` on; `text` is the object or array reached so far.
  error_code CollectAtPath(std::string_view text, size_t step) {
    const JsonPath& path = tree_.row_path;
    if (text.starts_with('[')) return CollectElements(text, step);
    if (step == path.members.size()) return CollectRow(text);
    ondemand::document document;
    ondemand::object object;
    ondemand::value member;
    error_code code = Iterate(1, text, document);
    if (code == simdjson::SUCCESS) code = document.get_object().get(object);
    if (code == simdjson::SUCCESS) code = object.find_field_unordered(path.members[step]).get(member);
    if (code != simdjson::SUCCESS) return code;
    std::string_view raw;
    if ((code = RawText(member, raw)) != simdjson::SUCCESS) return code;
    return CollectAtPath(raw, step + 1);
  }

  error_code CollectElements(std::string_view text, size_t step) {
    ondemand::document document;
    ondemand::array array;
    error_code code = Iterate(1, text, document);
    if (code == simdjson::SUCCESS) code = document.get_array().get(array);
    if (code != simdjson::SUCCESS) return code;
    std::vector<std::string_view> elements;
    for (simdjson::simdjson_result<ondemand::value> element : array) {
      ondemand::value value;
      if ((code = element.get(value)) != simdjson::SUCCESS) return code;
      if ((code = RawText(value, elements.emplace_back())) != simdjson::SUCCESS) return code;
    }
    for (const std::string_view element : elements) {
      if ((code = CollectAtPath(element, step)) != simdjson::SUCCESS) return code;
    }
    return simdjson::SUCCESS;
  }

  // The rows of one row object: one, or one an element of the flattened array.
  error_code CollectRow(std::string_view text) {
    ondemand::document document;
    ondemand::object object;
    builder_.ClearValues();
    flattened_ = {};
    error_code code = Iterate(1, text, document);
    if (code == simdjson::SUCCESS) code = document.get_object().get(object);
    if (code == simdjson::SUCCESS) code = VisitObject(object, tree_.root);
    if (code != simdjson::SUCCESS) return code;
    if (!flattened_.starts_with('[')) {
      if (flattened_.starts_with('{')) return CollectElement(flattened_);
      AddPending();
      return simdjson::SUCCESS;
    }
    const std::string_view flattened = flattened_;
    ondemand::document elements;
    ondemand::array array;
    code = Iterate(2, flattened, elements);
    if (code == simdjson::SUCCESS) code = elements.get_array().get(array);
    if (code != simdjson::SUCCESS) return code;
    const size_t rows_before = pending_rows_;
    for (simdjson::simdjson_result<ondemand::value> element : array) {
      ondemand::value value;
      if ((code = element.get(value)) != simdjson::SUCCESS) return code;
      for (const int capture : tree_.element_captures) builder_.values()[static_cast<size_t>(capture)] = {};
      if ((code = VisitValue(value, *flattened_tree_)) != simdjson::SUCCESS) return code;
      AddPending();
    }
    if (pending_rows_ == rows_before) AddPending();  // An empty array still makes a row.
    return simdjson::SUCCESS;
  }

  error_code CollectElement(std::string_view text) {
    ondemand::document document;
    ondemand::object object;
    error_code code = Iterate(2, text, document);
    if (code == simdjson::SUCCESS) code = document.get_object().get(object);
    if (code == simdjson::SUCCESS) code = VisitObject(object, *flattened_tree_);
    if (code == simdjson::SUCCESS) AddPending();
    return code;
  }

  void AddPending() {
    for (RawValue value : builder_.values()) {
      if (value.kind == Kind::kString) value.text = pending_arena_.Copy(value.text);
      pending_.push_back(value);
    }
    ++pending_rows_;
  }

  // Nothing when no used path goes through the field.
  const PathNode* FindChild(ondemand::field& field, const PathNode& node, size_t& expected, error_code& code) const {
    const size_t count = node.children.size();
    if (count == 0) return nullptr;
    std::string_view name;
    ondemand::raw_json_string raw = field.key();
    if (!use_raw_keys_ && (code = field.unescaped_key().get(name)) != simdjson::SUCCESS) return nullptr;
    size_t at = expected < count ? expected : 0;  // Fields mostly come in the order of the columns.
    for (size_t tried = 0; tried < count; ++tried) {
      const PathNode& child = node.children[at];
      if (use_raw_keys_ ? raw.unsafe_is_equal(std::string_view(child.key)) : name == child.key) {
        expected = at + 1;
        return &child;
      }
      if (++at == count) at = 0;
    }
    return nullptr;
  }

  error_code VisitObject(ondemand::object& object, const PathNode& node) {
    size_t expected = 0;
    for (simdjson::simdjson_result<ondemand::field> result : object) {
      ondemand::field field;
      error_code code = std::move(result).get(field);
      if (code != simdjson::SUCCESS) return code;
      const PathNode* const child = FindChild(field, node, expected, code);
      if (code != simdjson::SUCCESS) return code;
      if (child == nullptr) continue;
      if ((code = VisitValue(field.value(), *child)) != simdjson::SUCCESS) return code;
    }
    return simdjson::SUCCESS;
  }

  error_code VisitValue(ondemand::value& value, const PathNode& node) {
    ondemand::json_type type;
    error_code code = value.type().get(type);
    if (code != simdjson::SUCCESS) return code;
    if (type == ondemand::json_type::object) {
      ondemand::object object;
      if ((code = value.get_object().get(object)) != simdjson::SUCCESS) return code;
      return VisitNestedObject(object, node);
    }
    if (type == ondemand::json_type::array) {
      ondemand::array array;
      std::string_view raw;
      if ((code = value.get_array().get(array)) != simdjson::SUCCESS) return code;
      if ((code = array.raw_json().get(raw)) != simdjson::SUCCESS) return code;
      Capture(node, {.kind = Kind::kNested, .text = TrimEnd(raw)});
      if (node.element != nullptr) SetFlattened(node, raw);
      return simdjson::SUCCESS;
    }
    RawValue scalar;
    if ((code = ReadScalar(value, type, scalar)) != simdjson::SUCCESS) return code;
    Capture(node, scalar);
    return simdjson::SUCCESS;
  }

  error_code VisitNestedObject(ondemand::object& object, const PathNode& node) {
    if (!node.captures.empty() || node.element != nullptr) {
      std::string_view raw;
      if (const error_code code = object.raw_json().get(raw); code != simdjson::SUCCESS) return code;
      Capture(node, {.kind = Kind::kNested, .text = TrimEnd(raw)});
      if (node.element != nullptr) SetFlattened(node, raw);
      if (node.children.empty()) return simdjson::SUCCESS;
      bool empty = false;
      if (const error_code code = object.reset().get(empty); code != simdjson::SUCCESS) return code;
    }
    return VisitObject(object, node);
  }

  void SetFlattened(const PathNode& node, std::string_view raw) {
    flattened_ = TrimEnd(raw);
    flattened_tree_ = node.element.get();
  }

  static error_code ReadScalar(ondemand::value& value, ondemand::json_type type, RawValue& scalar) {
    if (type == ondemand::json_type::string) {
      scalar.kind = Kind::kString;
      return value.get_string().get(scalar.text);
    }
    const std::string_view token = TrimEnd(value.raw_json_token());
    // Reading it makes simdjson step over it.
    switch (type) {
      case ondemand::json_type::null:
        if (token != "null") return simdjson::N_ATOM_ERROR;
        return value.is_null() ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
      case ondemand::json_type::boolean: {
        bool boolean = false;
        const error_code code = value.get_bool().get(boolean);
        scalar.kind = boolean ? Kind::kTrue : Kind::kFalse;
        return code;
      }
      default:
        if (!IsJsonNumber(token)) return simdjson::NUMBER_ERROR;
        scalar.kind = Kind::kNumber;
        scalar.text = token;
        return simdjson::SUCCESS;
    }
  }

  void Capture(const PathNode& node, const RawValue& value) {
    for (const int capture : node.captures) builder_.values()[static_cast<size_t>(capture)] = value;
  }

  RowBuilder builder_;
  PathTree tree_;
  bool plain_keys_ = true;
  bool use_raw_keys_ = true;  // For the document being read.

  bool shapes_fit_ = false;  // The schema takes one row a document, from its top.
  std::vector<JsonShape> shapes_;
  MarkedRecord marked_;
  uint32_t misses_ = 0;
  uint32_t pause_ = 0;

  // One parser a level of nested reading: document, row object, flattened elements.
  std::array<ondemand::parser, 3> parsers_;
  PaddedText scratch_;
  PaddedText repaired_;
  const data::Record* record_ = nullptr;
  uint32_t record_index_ = 0;

  std::string_view flattened_;  // Source of the flattened array of the row being read.
  const PathNode* flattened_tree_ = nullptr;
  std::vector<RawValue> pending_;  // Rows of a document, one after the other.
  size_t pending_rows_ = 0;
  data::Arena pending_arena_;
};

}  // namespace

Result<std::unique_ptr<Decoder>> MakeJsonDecoder(const InputSchema& schema, UsedColumns used) {
  auto decoder = std::make_unique<JsonDecoder>(schema, std::move(used));
  TAILRACE_TRY(decoder->Build(schema));
  return std::unique_ptr<Decoder>(std::move(decoder));
}

}  // namespace tailrace::ingest
