#include "sink/delivery/partition_query.h"

extern "C" {
#include <jq.h>
}

#include <algorithm>
#include <cstdlib>

#include "base/str.h"

namespace tailrace::sink::delivery {
namespace {

constexpr size_t kKeysMax = 50;
constexpr size_t kNameBytesMax = 64;
constexpr size_t kValueBytesMax = 512;

// Words that reach beyond the record: files, the environment, the process. Also within texts, whose \(...) is code.
constexpr std::string_view kForbidden[] = {"import",
                                           "include",
                                           "env",
                                           "ENV",
                                           "input",
                                           "inputs",
                                           "debug",
                                           "stderr",
                                           "halt",
                                           "halt_error",
                                           "input_filename",
                                           "modulemeta",
                                           "input_line_number",
                                           "get_search_list"};

bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Fields may have any name: .env, {env: .x}.
Status CheckWords(std::string_view program) {
  for (size_t i = 0; i < program.size();) {
    if (!IsWordChar(program[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < program.size() && IsWordChar(program[end])) ++end;
    const std::string_view word = program.substr(i, end - i);
    const bool field = (i > 0 && program[i - 1] == '.') || (end < program.size() && program[end] == ':');
    if (!field && std::ranges::find(kForbidden, word) != std::end(kForbidden)) {
      return Error{ErrorCode::kInvalidArgument, StrCat("jq program '", program, "': '", word, "' is not allowed")};
    }
    i = end;
  }
  return Ok();
}

std::string TextOf(jv value) {
  const std::string text(jv_string_value(value), static_cast<size_t>(jv_string_length_bytes(jv_copy(value))));
  jv_free(value);
  return text;
}

// jq tells its complaints to a callback. The last line often only counts errors: the first is kept.
void KeepMessage(void* context, jv message) {
  auto& kept = *static_cast<std::string*>(context);
  const std::string text = TextOf(jq_format_error(message));
  if (kept.empty()) kept = text;
}

// The message of an invalid value; takes the value.
std::string MessageOf(jv invalid) {
  jv message = jv_invalid_get_msg(invalid);
  if (jv_get_kind(message) == JV_KIND_STRING) return TextOf(message);
  jv_free(message);
  return "no result";
}

class JqQuery final : public PartitionQuery {
 public:
  JqQuery() : jq_(jq_init()) {
    TAILRACE_CHECK(jq_ != nullptr);
    jq_set_attr(jq_, jv_string("JQ_LIBRARY_PATH"), jv_array());  // It asserts that there is one.
    // What cannot be had ends the process in any case; this way without words on standard error.
    jq_set_nomem_handler(jq_, [](void*) { std::_Exit(kPartitionMemoryExitCode); }, nullptr);
  }
  ~JqQuery() override { jq_teardown(&jq_); }
  JqQuery(const JqQuery&) = delete;
  JqQuery& operator=(const JqQuery&) = delete;

  Status CompileProgram(const std::string& program) {
    TAILRACE_TRY(CheckWords(program));
    std::string message;
    jq_set_error_cb(jq_, KeepMessage, &message);
    const bool compiled = jq_compile(jq_, program.c_str()) != 0;
    jq_set_error_cb(jq_, IgnoreMessage, nullptr);
    if (compiled) return Ok();
    return Error{ErrorCode::kInvalidArgument, StrCat("jq program '", program, "': ", message)};
  }

  Result<PartitionKeys> Run(std::string_view json) override {
    jv input = jv_parse_sized(json.data(), static_cast<int>(json.size()));
    if (!jv_is_valid(input)) return Fail(StrCat("record is no JSON: ", MessageOf(input)));
    jq_start(jq_, input, 0);
    jv result = jq_next(jq_);
    if (!jv_is_valid(result)) return Fail(StrCat("jq: ", MessageOf(result)));
    if (jv_get_kind(result) != JV_KIND_OBJECT) {
      jv_free(result);
      return Fail("jq gave no object");
    }
    auto keys = KeysOf(result);
    jv_free(result);
    return keys;
  }

 private:
  static void IgnoreMessage(void*, jv message) { jv_free(message); }
  static Error Fail(std::string message) { return Error{ErrorCode::kInvalidArgument, std::move(message)}; }

  // Borrows the object.
  static Result<PartitionKeys> KeysOf(jv object) {
    PartitionKeys keys;
    for (int i = jv_object_iter(object); jv_object_iter_valid(object, i); i = jv_object_iter_next(object, i)) {
      std::string name = TextOf(jv_object_iter_key(object, i));
      if (name.size() > kNameBytesMax) {
        return Fail(StrCat("name of a partition key has ", name.size(), " bytes, at most ", kNameBytesMax));
      }
      jv value = jv_object_iter_value(object, i);
      if (jv_get_kind(value) != JV_KIND_STRING) {
        const std::string kind = jv_kind_name(jv_get_kind(value));
        jv_free(value);
        return Fail(StrCat("partition key ", name, " is ", kind, ", not a string"));
      }
      std::string text = TextOf(value);
      if (text.empty() || text.size() > kValueBytesMax) {
        return Fail(StrCat("partition key ", name, " has ", text.size(), " bytes, allowed 1 to ", kValueBytesMax));
      }
      keys.emplace_back(std::move(name), std::move(text));
    }
    if (keys.size() > kKeysMax) return Fail(StrCat(keys.size(), " partition keys, at most ", kKeysMax));
    std::ranges::sort(keys);
    return keys;
  }

  jq_state* jq_;
};

}  // namespace

Result<std::unique_ptr<PartitionQuery>> PartitionQuery::Compile(const std::string& program) {
  auto query = std::make_unique<JqQuery>();
  TAILRACE_TRY(query->CompileProgram(program));
  return std::unique_ptr<PartitionQuery>(std::move(query));
}

}  // namespace tailrace::sink::delivery
