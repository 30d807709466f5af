#include "sql/functions/comparison.h"

#include <algorithm>
#include <cstring>

#include "base/str.h"
#include "sql/functions/lift.h"
#include "sql/functions/resolve.h"

namespace tailrace::sql {
namespace {

using data::Column;
using data::ColumnPtr;
using data::Type;
using data::TypeKind;

template <CompareOp kOp, typename T>
bool Holds(const T& a, const T& b) {
  switch (kOp) {
    case CompareOp::kEqual:
      return a == b;
    case CompareOp::kNotEqual:
      return a != b;
    case CompareOp::kLess:
      return a < b;
    case CompareOp::kLessEqual:
      return a <= b;
    case CompareOp::kGreater:
      return a > b;
    case CompareOp::kGreaterEqual:
      return a >= b;
  }
}

struct Int64Compare {
  template <CompareOp kOp>
  static bool Apply(int64_t a, int64_t b) {
    return Holds<kOp>(a, b);
  }
  using Value = int64_t;
};

struct DoubleCompare {
  template <CompareOp kOp>
  static bool Apply(double a, double b) {
    return Holds<kOp>(a, b);
  }
  using Value = double;
};

struct BoolCompare {
  template <CompareOp kOp>
  static bool Apply(bool a, bool b) {
    return Holds<kOp>(static_cast<int>(a), static_cast<int>(b));
  }
  using Value = bool;
};

struct TextCompare {
  template <CompareOp kOp>
  static bool Apply(std::string_view a, std::string_view b) {
    return Holds<kOp>(a, b);
  }
  using Value = std::string_view;
};

struct PaddedCompare {
  template <CompareOp kOp>
  static bool Apply(std::string_view a, std::string_view b) {
    return Holds<kOp>(ComparePadded(a, b), 0);
  }
  using Value = std::string_view;
};

// Kept apart from Lift so that the slots of NULL rows are compared too, texts included: the loop has no test.
template <typename Compare, CompareOp kOp>
ColumnPtr CompareLoop(const KernelInput& input) {
  auto result = std::make_shared<Column>(input.result_type, input.rows);
  result->mutable_validity() = data::Validity::And(input.args[0]->validity(), input.args[1]->validity(), input.rows);
  const auto a = lift::Values<typename Compare::Value>(*input.args[0]);
  const auto b = lift::Values<typename Compare::Value>(*input.args[1]);
  uint8_t* const out = result->mutable_bools().data();
  for (size_t row = 0; row < input.rows; ++row) out[row] = Compare::template Apply<kOp>(a[row], b[row]) ? 1 : 0;
  return result;
}

// Exact numbers of different scales, as 128-bit values of the larger scale.
template <CompareOp kOp>
ColumnPtr DecimalLoop(const KernelInput& input) {
  auto result = std::make_shared<Column>(input.result_type, input.rows);
  result->mutable_validity() = data::Validity::And(input.args[0]->validity(), input.args[1]->validity(), input.rows);
  const auto a = input.args[0]->int64s();
  const auto b = input.args[1]->int64s();
  const int scale_a = input.args[0]->type().scale;
  const int scale_b = input.args[1]->type().scale;
  const __int128 factor_a = PowerOfTen(std::max(0, scale_b - scale_a));
  const __int128 factor_b = PowerOfTen(std::max(0, scale_a - scale_b));
  uint8_t* const out = result->mutable_bools().data();
  for (size_t row = 0; row < input.rows; ++row) {
    out[row] = Holds<kOp, __int128>(a[row] * factor_a, b[row] * factor_b) ? 1 : 0;
  }
  return result;
}

template <typename Compare>
Kernel CompareKernel(CompareOp op) {
  switch (op) {
    case CompareOp::kEqual:
      return &CompareLoop<Compare, CompareOp::kEqual>;
    case CompareOp::kNotEqual:
      return &CompareLoop<Compare, CompareOp::kNotEqual>;
    case CompareOp::kLess:
      return &CompareLoop<Compare, CompareOp::kLess>;
    case CompareOp::kLessEqual:
      return &CompareLoop<Compare, CompareOp::kLessEqual>;
    case CompareOp::kGreater:
      return &CompareLoop<Compare, CompareOp::kGreater>;
    case CompareOp::kGreaterEqual:
      return &CompareLoop<Compare, CompareOp::kGreaterEqual>;
  }
  return nullptr;
}

Kernel DecimalKernel(CompareOp op) {
  switch (op) {
    case CompareOp::kEqual:
      return &DecimalLoop<CompareOp::kEqual>;
    case CompareOp::kNotEqual:
      return &DecimalLoop<CompareOp::kNotEqual>;
    case CompareOp::kLess:
      return &DecimalLoop<CompareOp::kLess>;
    case CompareOp::kLessEqual:
      return &DecimalLoop<CompareOp::kLessEqual>;
    case CompareOp::kGreater:
      return &DecimalLoop<CompareOp::kGreater>;
    case CompareOp::kGreaterEqual:
      return &DecimalLoop<CompareOp::kGreaterEqual>;
  }
  return nullptr;
}

// The kernel and the types that both sides must have before it.
struct Comparison {
  Kernel kernel = nullptr;
  Type a;
  Type b;
};

std::optional<Comparison> ResolveTypes(CompareOp op, std::span<const ArgInfo> args) {
  const Type a = TypeOr(args[0], TypeOr(args[1], Type::Boolean()));
  const Type b = TypeOr(args[1], a);
  if (!Comparable(a, b)) return std::nullopt;
  Comparison comparison{.a = a, .b = b};
  if (a.is_approximate() || b.is_approximate()) {
    comparison.kernel = CompareKernel<DoubleCompare>(op);
    if (!a.is_approximate()) comparison.a = Type::Double();
    if (!b.is_approximate()) comparison.b = Type::Double();
  } else if (a.is_numeric()) {
    comparison.kernel = a.scale == b.scale ? CompareKernel<Int64Compare>(op) : DecimalKernel(op);
  } else if (a.is_character()) {
    const bool padded = a.kind == TypeKind::kChar || b.kind == TypeKind::kChar;
    comparison.kernel = padded ? CompareKernel<PaddedCompare>(op) : CompareKernel<TextCompare>(op);
  } else if (a.is_binary()) {
    comparison.kernel = CompareKernel<TextCompare>(op);
  } else if (a.kind == TypeKind::kBoolean) {
    comparison.kernel = CompareKernel<BoolCompare>(op);
  } else {
    comparison.kernel = CompareKernel<Int64Compare>(op);
  }
  return comparison;
}

Result<Resolution> ResolveComparison(CompareOp op, std::string_view name, std::span<const ArgInfo> args) {
  auto comparison = ResolveTypes(op, args);
  if (!comparison) return CannotApply(name, args);
  return Resolution{.kernel = comparison->kernel,
                    .result = Type::Boolean(),
                    .arg_types = {comparison->a, comparison->b},
                    .monotonicity = ConstantIfAll(args)};
}

// `prepared` is the kernel of <> for the types; two NULLs are not distinct, a NULL and a value are.
struct DistinctPrepared {
  Kernel not_equal;
};

ColumnPtr DistinctKernel(const KernelInput& input) {
  const auto& prepared = *static_cast<const DistinctPrepared*>(input.prepared);
  const ColumnPtr compared = prepared.not_equal(input);
  auto result = std::make_shared<Column>(input.result_type, input.rows);
  const auto out = result->mutable_bools();
  std::ranges::copy(compared->bools(), out.begin());
  if (compared->validity().all_valid()) return result;
  for (size_t row = 0; row < input.rows; ++row) {
    const bool null_a = input.args[0]->null(row);
    const bool null_b = input.args[1]->null(row);
    if (null_a || null_b) out[row] = null_a != null_b ? 1 : 0;
  }
  return result;
}

Result<Resolution> ResolveDistinct(std::span<const ArgInfo> args, const ast::Call& /*call*/) {
  auto comparison = ResolveTypes(CompareOp::kNotEqual, args);
  if (!comparison) return CannotApply("IS DISTINCT FROM", args);
  return Resolution{.kernel = &DistinctKernel,
                    .result = Type::Boolean(),
                    .arg_types = {comparison->a, comparison->b},
                    .nullable = false,
                    .monotonicity = ConstantIfAll(args),
                    .prepared = std::make_shared<DistinctPrepared>(comparison->kernel)};
}

void AddComparison(FunctionRegistry& registry, std::string name, CompareOp op, std::string summary,
                   std::vector<FunctionExample> examples) {
  registry.Add({.name = name,
                .family = "operator",
                .syntax = StrCat("a ", name, " b"),
                .summary = std::move(summary),
                .examples = std::move(examples),
                .args_min = 2,
                .args_max = 2,
                .resolve = [op, name](std::span<const ArgInfo> args, const ast::Call& /*call*/) {
                  return ResolveComparison(op, name, args);
                }});
}

}  // namespace

int ComparePadded(std::string_view a, std::string_view b) {
  const size_t common = std::min(a.size(), b.size());
  if (const int order = common == 0 ? 0 : std::memcmp(a.data(), b.data(), common); order != 0) return order;
  const std::string_view rest = a.size() > common ? a.substr(common) : b.substr(common);
  for (const char c : rest) {
    if (c == ' ') continue;
    const int order = static_cast<uint8_t>(c) < ' ' ? -1 : 1;
    return a.size() > common ? order : -order;
  }
  return 0;
}

void RegisterComparisonOperators(FunctionRegistry& registry) {
  AddComparison(registry, "=", CompareOp::kEqual,
                "True when both are equal. Texts compare byte by byte, with upper and lower case apart; CHAR as if "
                "padded with blanks.",
                {{"'Ab' = 'Ab'", "TRUE"}, {"'a' = 'A'", "FALSE"}, {"1 = 1.0", "TRUE"}, {"1 = NULL", "NULL"}});
  AddComparison(registry, "<>", CompareOp::kNotEqual, "True when the two differ; also written !=.",
                {{"1 <> 2", "TRUE"}, {"0.10 <> 0.1", "FALSE"}});
  AddComparison(registry, "<", CompareOp::kLess, "True when a is less than b.",
                {{"1 < 1.5", "TRUE"}, {"DATE '2004-12-01' < DATE '2004-12-02'", "TRUE"}});
  AddComparison(registry, "<=", CompareOp::kLessEqual, "True when a is not greater than b.", {{"2 <= 2", "TRUE"}});
  AddComparison(registry, ">", CompareOp::kGreater, "True when a is greater than b.", {{"'b' > 'a'", "TRUE"}});
  AddComparison(registry, ">=", CompareOp::kGreaterEqual, "True when a is not less than b.", {{"1 >= 2", "FALSE"}});
  registry.Add({.name = "IS DISTINCT FROM",
                .family = "operator",
                .syntax = "a IS [NOT] DISTINCT FROM b",
                .summary = "Comparison that is never UNKNOWN: two NULLs are not distinct, NULL and a value are.",
                .examples = {{"1 IS DISTINCT FROM 1.0", "FALSE"},
                             {"NULL IS DISTINCT FROM NULL", "FALSE"},
                             {"NULL IS DISTINCT FROM 1", "TRUE"}},
                .args_min = 2,
                .args_max = 2,
                .resolve = &ResolveDistinct});
}

}  // namespace tailrace::sql
