#include "sql/functions/pattern_operators.h"

#include <algorithm>
#include <cstring>

#include "base/str.h"
#include "sql/functions/like_pattern.h"
#include "sql/functions/regex_cache.h"
#include "sql/functions/similar_pattern.h"

namespace tailrace::sql {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Type;
using data::TypeKind;

ColumnPtr ConcatKernel(const KernelInput& input) {
  auto result = std::make_shared<Column>(input.result_type, input.rows);
  result->mutable_validity() = data::Validity::And(input.args[0]->validity(), input.args[1]->validity(), input.rows);
  const auto a = input.args[0]->texts();
  const auto b = input.args[1]->texts();
  const auto out = result->mutable_texts();
  for (size_t row = 0; row < input.rows; ++row) {
    const size_t size = a[row].size() + b[row].size();
    if (size == 0 || result->null(row)) continue;
    char* const bytes = result->arena().Allocate(size);
    std::copy(a[row].begin(), a[row].end(), bytes);
    std::copy(b[row].begin(), b[row].end(), bytes + a[row].size());
    out[row] = {bytes, size};
  }
  return result;
}

Result<Resolution> ResolveConcat(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  const Type a = TypeOr(args[0], TypeOr(args[1], Type::Varchar()));
  const Type b = TypeOr(args[1], a);
  const bool text = a.is_character() && b.is_character();
  if (!text && !(a.is_binary() && b.is_binary())) return CannotApply("||", args);
  const int32_t length = std::min(a.precision + b.precision, data::kVarcharLengthMax);
  return Resolution{.kernel = &ConcatKernel,
                    .result = text ? Type::Varchar(length) : Type{.kind = TypeKind::kVarbinary, .precision = length},
                    .arg_types = {a, b},
                    .monotonicity = ConstantIfAll(args)};
}

// A pattern match over {text, pattern [, escape]}; matches(pattern, text) gives the answer or the row's failure.
template <typename Pattern, typename Matches>
ColumnPtr MatchRows(const KernelInput& input, PatternCache<Pattern> patterns, Matches matches) {
  auto result = std::make_shared<Column>(input.result_type, input.rows);
  data::Validity& validity = result->mutable_validity();
  for (const ColumnPtr& arg : input.args) validity = data::Validity::And(validity, arg->validity(), input.rows);
  const data::Validity valid = validity;
  const auto texts = input.args[0]->texts();
  const auto pattern_texts = input.args[1]->texts();
  const bool has_escape = input.args.size() == 3;
  for (uint32_t row = 0; row < input.rows; ++row) {
    if (valid.null(row)) continue;
    const auto pattern = patterns.For(pattern_texts[row], has_escape ? input.args[2]->texts()[row] : "");
    RowResult<bool> matched = pattern ? matches(**pattern, texts[row]) : std::unexpected(pattern.error());
    lift::Store(*result, row, std::move(matched), input.errors);
  }
  return result;
}

// A literal pattern: nothing can fail.
ColumnPtr LiteralLikeKernel(const KernelInput& input) {
  auto result = std::make_shared<Column>(input.result_type, input.rows);
  data::Validity& validity = result->mutable_validity();
  for (const ColumnPtr& arg : input.args) validity = data::Validity::And(validity, arg->validity(), input.rows);
  const auto& pattern = *static_cast<const LikePattern*>(input.prepared);
  const auto texts = input.args[0]->texts();
  const auto out = result->mutable_bools();
  for (size_t row = 0; row < input.rows; ++row) out[row] = pattern.Matches(texts[row]) ? 1 : 0;
  return result;
}

ColumnPtr LikeKernel(const KernelInput& input) {
  if (input.prepared != nullptr) return LiteralLikeKernel(input);
  return MatchRows<LikePattern>(
      input, {nullptr, &LikePattern::Compile},
      [](const LikePattern& pattern, std::string_view text) -> RowResult<bool> { return pattern.Matches(text); });
}

Result<JavaRegex> CompileSimilar(std::string_view pattern, std::string_view escape) {
  TAILRACE_ASSIGN_OR_RETURN(const std::string regex, SimilarToJavaRegex(pattern, escape));
  return JavaRegex::Compile(regex, RegexMode::kWhole);
}

ColumnPtr SimilarKernel(const KernelInput& input) {
  RegexScratch scratch;
  return MatchRows<JavaRegex>(
      input, {static_cast<const JavaRegex*>(input.prepared), &CompileSimilar},
      [&scratch](const JavaRegex& regex, std::string_view text) { return MatchRow(regex, text, 0, scratch, {}); });
}

// Compiles literal patterns once; `can_fail` of the resolution then says whether matching itself may fail.
template <typename Pattern>
Result<Resolution> ResolvePattern(std::string_view name, Kernel kernel, bool matching_can_fail,
                                  Result<Pattern> (*compile)(std::string_view, std::string_view),
                                  std::span<const ArgInfo> args) {
  if (!std::ranges::all_of(args, IsText)) return CannotApply(name, args);
  Resolution resolution{
      .kernel = kernel, .result = Type::Boolean(), .can_fail = true, .monotonicity = ConstantIfAll(args)};
  for (const ArgInfo& arg : args) resolution.arg_types.push_back(TypeOr(arg, Type::Varchar()));
  const std::string* const pattern = ConstantText(args[1]);
  const std::string* const escape = args.size() == 3 ? ConstantText(args[2]) : nullptr;
  if (pattern == nullptr || (args.size() == 3 && escape == nullptr)) return resolution;
  TAILRACE_ASSIGN_OR_RETURN(Pattern compiled, compile(*pattern, escape == nullptr ? "" : *escape));
  resolution.prepared = std::make_shared<Pattern>(std::move(compiled));
  resolution.can_fail = matching_can_fail;
  return resolution;
}

}  // namespace

void RegisterPatternOperators(FunctionRegistry& registry) {
  registry.Add({.name = "||",
                .family = "operator",
                .syntax = "a || b",
                .summary = "Both texts, one after the other.",
                .examples = {{"'SQL' || '' || 'stream'", "SQLstream"}, {"'a' || NULL", "NULL"}},
                .args_min = 2,
                .args_max = 2,
                .resolve = &ResolveConcat});
  registry.Add(
      {.name = "LIKE",
       .family = "operator",
       .syntax = "text [NOT] LIKE pattern [ESCAPE 'c']",
       .summary = "Whether the whole text fits the pattern: _ is any one character, % any run of characters, "
                  "everything else itself. There is no escape character unless ESCAPE names one.",
       .examples = {{"'ab' LIKE 'a_'", "TRUE"}, {"'a' LIKE 'A'", "FALSE"}, {"'a%' LIKE 'a\\%' ESCAPE '\\'", "TRUE"}},
       .args_min = 2,
       .args_max = 3,
       .resolve = [](std::span<const ArgInfo> args, const ast::Call& /*call*/) {
         return ResolvePattern("LIKE", &LikeKernel, false, &LikePattern::Compile, args);
       }});
  registry.Add({.name = "SIMILAR TO",
                .family = "operator",
                .syntax = "text [NOT] SIMILAR TO pattern [ESCAPE 'c']",
                .summary = "Whether the whole text fits the regular expression of the SQL standard: _ % as in LIKE, "
                           "( ) | * + ? {n} {n,m} [seq] [^seq] [seq^seq].",
                .examples = {{"'abd' SIMILAR TO '[ab][bcde]d'", "TRUE"},
                             {"'cd' SIMILAR TO '[a-e^c]d'", "FALSE"},
                             {"'acd' SIMILAR TO 'ab*c+d'", "TRUE"}},
                .args_min = 2,
                .args_max = 3,
                .resolve = [](std::span<const ArgInfo> args, const ast::Call& /*call*/) {
                  return ResolvePattern("SIMILAR TO", &SimilarKernel, true, &CompileSimilar, args);
                }});
}

}  // namespace tailrace::sql
