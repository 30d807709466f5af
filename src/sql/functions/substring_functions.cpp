#include "sql/functions/substring_functions.h"

#include <algorithm>

#include "base/str.h"
#include "sql/functions/lift.h"
#include "sql/functions/regex_cache.h"
#include "sql/functions/regex_replacement.h"
#include "sql/functions/resolve.h"
#include "sql/functions/similar_pattern.h"

namespace tailrace::sql {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Type;
using data::TypeKind;

// SUBSTRING by position ----------------------------------------------------------------------------------------------

// Positions count characters or, for BINARY, bytes.
size_t BytesOf(std::string_view text, int64_t count, bool bytes) {
  if (count <= 0) return 0;
  const auto wanted = static_cast<size_t>(count);
  return bytes ? std::min(wanted, text.size()) : Utf8Prefix(text, wanted).size();
}

// Beyond the end: empty in the FROM form, NULL (no value) in the comma form, as the documentation's examples have it.
std::optional<std::string_view> Cut(std::string_view text, int64_t from, int64_t length, bool bytes, bool comma) {
  if (from < 1) {  // The positions before the first use up the length.
    length = from <= -length ? 0 : length - (1 - from);
    from = 1;
  }
  const size_t begin = BytesOf(text, from - 1, bytes);
  if (begin == text.size()) return comma ? std::nullopt : std::optional(std::string_view());
  text.remove_prefix(begin);
  return text.substr(0, BytesOf(text, length, bytes));
}

template <bool kComma>
ColumnPtr SubstringKernel(const KernelInput& input) {
  auto result = std::make_shared<Column>(input.result_type, input.rows);
  data::Validity& validity = result->mutable_validity();
  for (const ColumnPtr& arg : input.args) validity = data::Validity::And(validity, arg->validity(), input.rows);
  const data::Validity valid = validity;
  result->AddOwnersOf(*input.args[0]);
  const bool bytes = input.args[0]->type().is_binary();
  const auto texts = input.args[0]->texts();
  const auto from = input.args[1]->int64s();
  for (uint32_t row = 0; row < input.rows; ++row) {
    if (valid.null(row)) continue;
    const int64_t length = input.args.size() == 3 ? input.args[2]->int64s()[row] : INT64_MAX;
    if (length < 0) {
      input.errors.Add(row, kInvalidArgument, StrCat("SUBSTRING: length ", length, " is negative"));
      result->SetNull(row);
      continue;
    }
    lift::Store(*result, row, Cut(texts[row], from[row], length, bytes, kComma), input.errors);
  }
  return result;
}

Monotonicity SubstringMonotonicity(std::span<const ArgInfo> args) {
  const data::Value* const from = args[1].constant;
  const bool at_start = from != nullptr && (*from == data::Value(0) || *from == data::Value(1));
  return at_start && args.size() == 3 ? KeepsOrder(args) : ConstantIfAll(args);
}

template <bool kComma>
Result<Resolution> ResolvePositions(std::span<const ArgInfo> args) {
  const Type text = TypeOr(args[0], Type::Varchar());
  if ((!text.is_character() && !text.is_binary()) || !std::ranges::all_of(args.subspan(1), IsNumber)) {
    return CannotApply("SUBSTRING", args);
  }
  const Type binary{.kind = TypeKind::kVarbinary, .precision = text.precision};
  Resolution resolution{.kernel = &SubstringKernel<kComma>,
                        .result = text.is_character() ? Type::Varchar(text.precision) : binary,
                        .arg_types = {text},
                        .can_fail = args.size() == 3,
                        .monotonicity = SubstringMonotonicity(args)};
  resolution.arg_types.resize(args.size(), Type::Bigint());
  return resolution;
}

Result<Resolution> ResolveSubstring(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  return ResolvePositions<true>(args);
}

// SUBSTRING by pattern -----------------------------------------------------------------------------------------------

Result<JavaRegex> CompileFind(std::string_view pattern, std::string_view /*escape*/) {
  return JavaRegex::Compile(pattern, RegexMode::kFind);
}

// p1 e" p2 e" p3: the text that p2 takes, where all three follow one another.
Result<JavaRegex> CompileThreeParts(std::string_view pattern, std::string_view escape) {
  if (Utf8Length(escape) != 1) return Error{ErrorCode::kInvalidArgument, "ESCAPE must be one character"};
  const std::string separator = StrCat(escape, "\"");
  std::vector<std::string> parts(1);
  while (!pattern.empty()) {
    if (pattern.starts_with(separator)) {
      parts.emplace_back();
      pattern.remove_prefix(separator.size());
      continue;
    }
    // An escape keeps its character, so that it is not taken for the beginning of a separator.
    const std::string_view character = Utf8Prefix(pattern, pattern.starts_with(escape) ? 2 : 1);
    parts.back() += character;
    pattern.remove_prefix(character.size());
  }
  if (parts.size() != 3) {
    return Error{ErrorCode::kInvalidArgument, StrCat("SUBSTRING ... SIMILAR: the pattern needs ", separator,
                                                     " twice, it has it ", parts.size() - 1, " times")};
  }
  std::string regex;
  for (size_t i = 0; i < parts.size(); ++i) {
    TAILRACE_ASSIGN_OR_RETURN(const std::string part, SimilarToJavaRegex(parts[i], escape));
    regex += StrCat(i == 1 ? "(" : "(?:", part, ")");
  }
  return JavaRegex::Compile(regex, RegexMode::kFind);
}

// The first match's group, or NULL. Arguments {text, pattern [, escape]}.
template <auto kCompile, size_t kGroup>
ColumnPtr FindKernel(const KernelInput& input) {
  auto result = std::make_shared<Column>(input.result_type, input.rows);
  data::Validity& validity = result->mutable_validity();
  for (const ColumnPtr& arg : input.args) validity = data::Validity::And(validity, arg->validity(), input.rows);
  const data::Validity valid = validity;
  result->AddOwnersOf(*input.args[0]);
  PatternCache<JavaRegex> patterns(static_cast<const JavaRegex*>(input.prepared), kCompile);
  RegexScratch scratch;
  const auto find = [&](uint32_t row) -> RowResult<std::optional<std::string_view>> {
    const auto regex = patterns.For(input.args[1]->texts()[row],
                                    input.args.size() == 3 ? input.args[2]->texts()[row] : std::string_view());
    if (!regex) return std::unexpected(regex.error());
    std::array<RegexGroup, kGroup + 1> groups;
    const std::string_view text = input.args[0]->texts()[row];
    const auto matched = MatchRow(**regex, text, 0, scratch, groups);
    if (!matched) return std::unexpected(matched.error());
    if (!*matched || !groups[kGroup].matched) return std::nullopt;
    return groups[kGroup].In(text);
  };
  for (uint32_t row = 0; row < input.rows; ++row) {
    if (valid.valid(row)) lift::Store(*result, row, find(row), input.errors);
  }
  return result;
}

template <auto kCompile, size_t kGroup>
Result<Resolution> ResolveFind(std::span<const ArgInfo> args) {
  if (!std::ranges::all_of(args, IsText)) return CannotApply("SUBSTRING", args);
  const Type text = TypeOr(args[0], Type::Varchar());
  Resolution resolution{.kernel = &FindKernel<kCompile, kGroup>,
                        .result = Type::Varchar(text.precision),
                        .arg_types = {text},
                        .can_fail = true,
                        .monotonicity = ConstantIfAll(args)};
  for (const ArgInfo& arg : args.subspan(1)) resolution.arg_types.push_back(TypeOr(arg, Type::Varchar()));
  const std::string* const pattern = ConstantText(args[1]);
  const std::string* const escape = args.size() == 3 ? ConstantText(args[2]) : nullptr;
  if (pattern == nullptr || (args.size() == 3 && escape == nullptr)) return resolution;
  TAILRACE_ASSIGN_OR_RETURN(JavaRegex regex, kCompile(*pattern, escape == nullptr ? std::string_view() : *escape));
  resolution.prepared = std::make_shared<JavaRegex>(std::move(regex));
  return resolution;
}

Result<Resolution> ResolveSubstringFrom(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  if (args.size() == 2 && args[1].type.is_character()) return ResolveFind<&CompileFind, 0>(args);
  return ResolvePositions<false>(args);
}

Result<Resolution> ResolveSubstringSimilar(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  return ResolveFind<&CompileThreeParts, 1>(args);
}

// REGEX_REPLACE ------------------------------------------------------------------------------------------------------

ColumnPtr ReplaceKernel(const KernelInput& input) {
  auto result = std::make_shared<Column>(input.result_type, input.rows);
  data::Validity& validity = result->mutable_validity();
  for (const ColumnPtr& arg : input.args) validity = data::Validity::And(validity, arg->validity(), input.rows);
  const data::Validity valid = validity;
  PatternCache<JavaRegex> patterns(static_cast<const JavaRegex*>(input.prepared), &CompileFind);
  RegexReplacer replacer;
  for (uint32_t row = 0; row < input.rows; ++row) {
    if (valid.null(row)) continue;
    const auto regex = patterns.For(input.args[1]->texts()[row]);
    RowResult<std::string> replaced =
        regex ? replacer.Replace(**regex, {.text = input.args[0]->texts()[row],
                                           .replacement = input.args[2]->texts()[row],
                                           .start = input.args.size() > 3 ? input.args[3]->int64s()[row] : 1,
                                           .occurrence = input.args.size() > 4 ? input.args[4]->int64s()[row] : 0})
              : std::unexpected(regex.error());
    lift::Store(*result, row, std::move(replaced), input.errors);
  }
  return result;
}

Result<Resolution> ResolveReplace(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  if (!std::ranges::all_of(args.first(3), IsText) || !std::ranges::all_of(args.subspan(3), IsNumber)) {
    return CannotApply("REGEX_REPLACE", args);
  }
  Resolution resolution{
      .kernel = &ReplaceKernel, .result = Type::Varchar(), .can_fail = true, .monotonicity = ConstantIfAll(args)};
  for (const ArgInfo& arg : args.first(3)) resolution.arg_types.push_back(TypeOr(arg, Type::Varchar()));
  resolution.arg_types.resize(args.size(), Type::Bigint());
  if (const std::string* pattern = ConstantText(args[1])) {
    TAILRACE_ASSIGN_OR_RETURN(JavaRegex regex, CompileFind(*pattern, {}));
    if (const std::string* replacement = ConstantText(args[2])) {
      TAILRACE_TRY(CheckReplacement(*replacement, regex));
    }
    resolution.prepared = std::make_shared<JavaRegex>(std::move(regex));
  }
  return resolution;
}

}  // namespace

void RegisterSubstringFunctions(FunctionRegistry& registry) {
  registry.Add({.name = "SUBSTRING",
                .family = "string",
                .syntax = "SUBSTRING(text, start [, length])",
                .summary = "`length` characters from the `start`-th on. A start before 1 shortens the length; a start "
                           "beyond the end gives NULL.",
                .examples = {{"SUBSTRING('123456789', 3, 4)", "3456"},
                             {"SUBSTRING('123456789', 7, 4)", "789"},
                             {"SUBSTRING('123456789', 10, 4)", "NULL"}},
                .args_min = 2,
                .args_max = 3,
                .resolve = &ResolveSubstring});
  registry.Add({.name = "SUBSTRING_FROM",
                .family = "string",
                .syntax = "SUBSTRING(text FROM start [FOR length]) | SUBSTRING(text FROM 'regex')",
                .summary = "`length` characters from the `start`-th on; a start beyond the end gives an empty text. "
                           "With a Java regular expression its first match, NULL when there is none.",
                .examples = {{"SUBSTRING('123456789' FROM 3 FOR 4)", "3456"},
                             {"SUBSTRING('123456789' FROM 17 FOR 4)", ""},
                             {"SUBSTRING('123456789' FROM -1 FOR 4)", "12"},
                             {"SUBSTRING('TECHNOLOGY' FROM 'L[A-Z]*')", "LOGY"},
                             {"SUBSTRING('TECHNOLOGY' FROM 'FOO')", "NULL"}},
                .args_min = 2,
                .args_max = 3,
                .resolve = &ResolveSubstringFrom});
  registry.Add({.name = "SUBSTRING_SIMILAR",
                .family = "string",
                .syntax = "SUBSTRING(text SIMILAR pattern ESCAPE 'e')",
                .summary = "The pattern has three parts, separated by e\"; where they match one after the other, the "
                           "text of the middle one. NULL without a match.",
                .examples = {{"SUBSTRING('123456789' SIMILAR '23#\"456#\"78' ESCAPE '#')", "456"},
                             {"SUBSTRING('TECHNOLOGY' SIMILAR 'TECH%\"NOLO%\"GY' ESCAPE '%')", "NOLO"}},
                .args_min = 3,
                .args_max = 3,
                .resolve = &ResolveSubstringSimilar});
  registry.Add(
      {.name = "REGEX_REPLACE",
       .family = "string",
       .syntax = "REGEX_REPLACE(text, regex, replacement [, start [, occurrence]])",
       .summary = "The text with all matches of the Java regular expression from `start` (counted from 1) on "
                  "replaced, or with the `occurrence`-th match alone. $1 and ${name} in the replacement are groups.",
       .examples = {{"REGEX_REPLACE('http://www.amazon.com', 'http://', 'https://', 1, 0)", "https://www.amazon.com"},
                    {"REGEX_REPLACE('a1b2', '([a-z])([0-9])', '$2$1', 1, 2)", "a12b"},
                    {"REGEX_REPLACE('2018-11', '(?<year>[0-9]+)-([0-9]+)', '$2/${year}')", "11/2018"},
                    {"REGEX_REPLACE('abc', 'b', 'x', 0, 0)", "ERROR"}},
       .args_min = 3,
       .args_max = 5,
       .resolve = &ResolveReplace});
}

}  // namespace tailrace::sql
