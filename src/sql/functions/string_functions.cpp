#include "sql/functions/string_functions.h"

#include <algorithm>

#include "base/str.h"
#include "sql/functions/letter_case.h"
#include "sql/functions/lift.h"
#include "sql/functions/resolve.h"

namespace tailrace::sql {
namespace {

using data::Type;
using data::TypeKind;

// Bytes of the first `chars` characters; all of them when there are fewer.
size_t BytesOf(std::string_view text, int64_t chars) {
  return chars <= 0 ? 0 : Utf8Prefix(text, static_cast<size_t>(chars)).size();
}

int64_t CharLength(std::string_view text) { return static_cast<int64_t>(Utf8Length(text)); }
int64_t OctetLength(std::string_view text) { return static_cast<int64_t>(text.size()); }
std::string Upper(std::string_view text) { return ToUpper(text); }
std::string Lower(std::string_view text) { return ToLower(text); }
std::string InitCap(std::string_view text) { return ToInitialCapitals(text); }

int64_t Position(std::string_view part, std::string_view text) {
  const size_t at = text.find(part);
  return at == std::string_view::npos ? 0 : static_cast<int64_t>(Utf8Length(text.substr(0, at))) + 1;
}

// The characters before `from`, the replacement, the characters from `from` + `length` on.
RowResult<std::string> Overlay(std::string_view text, std::string_view replacement, int64_t from, int64_t length) {
  if (length < 0) return Fail(kInvalidArgument, StrCat("OVERLAY: length ", length, " is negative"));
  constexpr int64_t kFar = data::kVarcharLengthMax * int64_t{2};
  const int64_t begin = std::clamp(from, -kFar, kFar) - 1;
  const int64_t end = begin + std::min(length, 2 * kFar);
  return StrCat(text.substr(0, BytesOf(text, begin)), replacement, text.substr(BytesOf(text, end)));
}

RowResult<std::string> OverlayOwnLength(std::string_view text, std::string_view replacement, int64_t from) {
  return Overlay(text, replacement, from, CharLength(replacement));
}

template <bool kLeading, bool kTrailing>
RowResult<std::string_view> TrimCharacter(std::string_view text, std::string_view character) {
  if (Utf8Length(character) != 1) {
    return Fail(kInvalidArgument, StrCat("TRIM: ", Quoted(character), " is not one character"));
  }
  while (kLeading && text.starts_with(character)) text.remove_prefix(character.size());
  while (kTrailing && text.ends_with(character)) text.remove_suffix(character.size());
  return text;
}

template <bool kLeading, bool kTrailing>
RowResult<std::string_view> TrimBlanks(std::string_view text) {
  return TrimCharacter<kLeading, kTrailing>(text, " ");
}

Kernel TrimKernel(ast::TrimSide side, bool blanks) {
  switch (side) {
    case ast::TrimSide::kBoth:
      return blanks ? Lift<&TrimBlanks<true, true>>() : Lift<&TrimCharacter<true, true>>();
    case ast::TrimSide::kLeading:
      return blanks ? Lift<&TrimBlanks<true, false>>() : Lift<&TrimCharacter<true, false>>();
    case ast::TrimSide::kTrailing:
      return blanks ? Lift<&TrimBlanks<false, true>>() : Lift<&TrimCharacter<false, true>>();
  }
  return nullptr;
}

Result<Resolution> ResolveTrim(std::span<const ArgInfo> args, const ast::Call& call) {
  if (!std::ranges::all_of(args, IsText)) return CannotApply("TRIM", args);
  if (args.size() == 2) {
    if (const std::string* character = ConstantText(args[1]); character != nullptr && Utf8Length(*character) != 1) {
      return Error{ErrorCode::kInvalidArgument, StrCat("TRIM takes one character to remove: ", Quoted(*character))};
    }
  }
  const Type text = TypeOr(args[0], Type::Varchar());
  Resolution resolution{.kernel = TrimKernel(call.trim, args.size() == 1),
                        .result = Type::Varchar(text.precision),
                        .arg_types = {text},
                        .can_fail = args.size() == 2 && ConstantText(args[1]) == nullptr,
                        .monotonicity = ConstantIfAll(args)};
  if (args.size() == 2) resolution.arg_types.push_back(TypeOr(args[1], Type::Varchar(1)));
  return resolution;
}

Result<Resolution> ResolvePosition(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  if (!std::ranges::all_of(args, IsText)) return CannotApply("POSITION", args);
  return Resolution{.kernel = Lift<&Position>(),
                    .result = Type::Integer(),
                    .arg_types = {TypeOr(args[0], Type::Varchar()), TypeOr(args[1], Type::Varchar())},
                    .monotonicity = ConstantIfAll(args)};
}

Result<Resolution> ResolveOverlay(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  if (!std::ranges::all_of(args.first(2), IsText) || !std::ranges::all_of(args.subspan(2), IsNumber)) {
    return CannotApply("OVERLAY", args);
  }
  const Type text = TypeOr(args[0], Type::Varchar());
  const Type replacement = TypeOr(args[1], Type::Varchar());
  Resolution resolution{
      .kernel = args.size() == 4 ? Lift<&Overlay>() : Lift<&OverlayOwnLength>(),
      .result = Type::Varchar(std::min(text.precision + replacement.precision, data::kVarcharLengthMax)),
      .arg_types = {text, replacement},
      .can_fail = true,
      .monotonicity = ConstantIfAll(args)};
  resolution.arg_types.resize(args.size(), Type::Bigint());
  return resolution;
}

// A function of one text.
void AddTextFunction(FunctionRegistry& registry, std::string name, Kernel kernel, bool returns_length,
                     std::string summary, std::vector<FunctionExample> examples) {
  registry.Add({.name = name,
                .family = "string",
                .syntax = StrCat(name, "(text)"),
                .summary = std::move(summary),
                .examples = std::move(examples),
                .args_min = 1,
                .args_max = 1,
                .resolve = [name, kernel, returns_length](std::span<const ArgInfo> args,
                                                          const ast::Call& /*call*/) -> Result<Resolution> {
                  const bool bytes = name == "OCTET_LENGTH" && args[0].type.is_binary();
                  if (!IsText(args[0]) && !bytes) return CannotApply(name, args);
                  const Type type = TypeOr(args[0], Type::Varchar());
                  return Resolution{.kernel = kernel,
                                    .result = returns_length ? Type::Integer() : Type::Varchar(type.precision),
                                    .arg_types = {type},
                                    .monotonicity = ConstantIfAll(args)};
                }});
}

}  // namespace

void RegisterStringFunctions(FunctionRegistry& registry) {
  for (const char* name : {"CHAR_LENGTH", "CHARACTER_LENGTH"}) {
    AddTextFunction(registry, name, Lift<&CharLength>(), true,
                    "Number of characters; the blanks that fill a CHAR count.",
                    {{StrCat(name, "('caf\u00e9')"), "4"}, {StrCat(name, "(CAST('a' AS CHAR(16)))"), "16"}});
  }
  AddTextFunction(registry, "OCTET_LENGTH", Lift<&OctetLength>(), true, "Number of bytes in UTF-8. Extension.",
                  {{"OCTET_LENGTH('caf\u00e9')", "5"}});
  AddTextFunction(registry, "LOWER", Lift<&Lower>(), false, "The text in small letters.", {{"LOWER('AbC')", "abc"}});
  AddTextFunction(registry, "UPPER", Lift<&Upper>(), false, "The text in capitals.", {{"UPPER('AbC')", "ABC"}});
  AddTextFunction(registry, "INITCAP", Lift<&InitCap>(), false,
                  "The first letter of every word a capital, the rest small; blanks separate words.",
                  {{"INITCAP('hELLO big-wORLD')", "Hello Big-world"}});
  registry.Add({.name = "OVERLAY",
                .family = "string",
                .syntax = "OVERLAY(text PLACING replacement FROM start [FOR length])",
                .summary = "The text with `length` characters from `start` on (by default as many as the replacement "
                           "has) replaced. Positions count from 1; those before 1 lie outside.",
                .examples = {{"OVERLAY('12345' PLACING 'foo' FROM 1)", "foo45"},
                             {"OVERLAY('12345' PLACING 'foo' FROM -2)", "foo12345"},
                             {"OVERLAY('12345' PLACING 'foo' FROM 2 FOR 0)", "1foo2345"},
                             {"OVERLAY('12345' PLACING 'foo' FROM 2 FOR -1)", "ERROR"}},
                .args_min = 3,
                .args_max = 4,
                .resolve = &ResolveOverlay});
  registry.Add({.name = "POSITION",
                .family = "string",
                .syntax = "POSITION(part IN text)",
                .summary = "Where the part first occurs, counted from 1; 0 when it does not, 1 for an empty part.",
                .examples = {{"POSITION('.com' IN 'www.amazon.com')", "11"}, {"POSITION('x' IN 'abc')", "0"}},
                .args_min = 2,
                .args_max = 2,
                .resolve = &ResolvePosition});
  registry.Add({.name = "TRIM",
                .family = "string",
                .syntax = "TRIM([[LEADING | TRAILING | BOTH] [character] FROM] text)",
                .summary = "The text without the character (blank by default) at its ends.",
                .examples = {{"TRIM(' Trim front and back ')", "Trim front and back"},
                             {"TRIM(LEADING 'x' FROM 'xxxTrim frontxxx')", "Trim frontxxx"},
                             {"TRIM(TRAILING 'x' FROM 'xxxTrimxBackxxx')", "xxxTrimxBack"}},
                .args_min = 1,
                .args_max = 2,
                .resolve = &ResolveTrim});
}

}  // namespace tailrace::sql
