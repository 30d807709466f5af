#pragma once

#include <string>
#include <vector>

#include "base/rng.h"
#include "base/str.h"

// Random SQL in two dialects at once: ours, and SQLite's where its semantics are the same. Values stay so small that
// nothing overflows, divisors that could be 0 are NULL, and no text has blanks, so neither dialect has errors of rows.

namespace tailrace::engine {

struct BothSql {
  std::string ours;
  std::string lite;
};

enum class ValueKind { kInteger, kDouble, kText, kBoolean, kTime };

struct RandomColumn {
  std::string name;
  ValueKind kind;
};

// Expressions over the columns of one relation; TIMESTAMPs are numbers of milliseconds in SQLite.
class RandomSql {
 public:
  RandomSql(Rng& rng, std::vector<RandomColumn> columns) : rng_(rng), columns_(std::move(columns)) {}

  BothSql Expr(ValueKind kind, int depth) {
    switch (kind) {
      case ValueKind::kInteger:
        return Integer(depth);
      case ValueKind::kDouble:
        return Double(depth);
      case ValueKind::kText:
        return Text(depth);
      case ValueKind::kBoolean:
        return Boolean(depth);
      case ValueKind::kTime:
        return Time(depth);
    }
    return {};
  }

  BothSql Boolean(int depth) {
    if (depth <= 0) return Leaf(ValueKind::kBoolean);
    switch (rng_.Below(12)) {
      case 0:
        return Leaf(ValueKind::kBoolean);
      case 1:
        return Infix(" AND ", Boolean(depth - 1), Boolean(depth - 1));
      case 2:
        return Infix(" OR ", Boolean(depth - 1), Boolean(depth - 1));
      case 3:
        return Wrap("(NOT ", Boolean(depth - 1), ")");
      case 4:
        return IsNull(depth);
      case 5:
        return IsTruth(depth);
      case 6:
        return Between(depth);
      case 7:
        return InList(depth);
      case 8:
        return Like(depth);
      case 9:
        return Distinct(depth);
      default:
        return Comparison(depth);
    }
  }

  BothSql Integer(int depth) {
    if (depth <= 0) return Leaf(ValueKind::kInteger);
    switch (rng_.Below(15)) {
      case 0:
        return Leaf(ValueKind::kInteger);
      case 1:
        return Infix(" + ", Integer(depth - 1), Integer(depth - 1));
      case 2:
        return Infix(" - ", Integer(depth - 1), Integer(depth - 1));
      case 3:
        return Infix(" * ", Leaf(ValueKind::kInteger), Leaf(ValueKind::kInteger));
      case 4:
        return Infix(" / ", Integer(depth - 1), Wrap("NULLIF(", Integer(depth - 1), ", 0)"));
      case 5: {
        const BothSql a = Integer(depth - 1);
        const BothSql b = Wrap("NULLIF(", Integer(depth - 1), ", 0)");
        return {StrCat("MOD(", a.ours, ", ", b.ours, ")"), StrCat("(", a.lite, " % ", b.lite, ")")};
      }
      case 6:
        return Wrap("ABS(", Integer(depth - 1), ")");
      case 7:
        return Wrap("(- ", Integer(depth - 1), ")");
      case 8:
        return Choice(ValueKind::kInteger, depth);
      case 9: {
        const BothSql text = Text(depth - 1);
        return {StrCat("CHAR_LENGTH(", text.ours, ")"), StrCat("LENGTH(", text.lite, ")")};
      }
      case 10: {
        const BothSql part = Text(depth - 1);
        const BothSql whole = Text(depth - 1);
        return {StrCat("POSITION(", part.ours, " IN ", whole.ours, ")"),
                StrCat("INSTR(", whole.lite, ", ", part.lite, ")")};
      }
      case 11:
        return Extract(depth);
      case 12: {
        const BothSql a = Time(depth - 1);
        const BothSql b = Time(depth - 1);
        return {StrCat("CAST((", a.ours, " - ", b.ours, ") MINUTE AS BIGINT)"),
                StrCat("((", a.lite, " - ", b.lite, ") / 60000)")};
      }
      case 13: {
        const BothSql a = Time(depth - 1);
        const BothSql b = Time(depth - 1);
        return {StrCat("TSDIFF(", a.ours, ", ", b.ours, ")"), StrCat("(", a.lite, " - ", b.lite, ")")};
      }
      default:
        return NullFunction(ValueKind::kInteger, depth);
    }
  }

  BothSql Double(int depth) {
    if (depth <= 0) return Leaf(ValueKind::kDouble);
    switch (rng_.Below(10)) {
      case 0:
        return Leaf(ValueKind::kDouble);
      case 1:
        return Infix(" + ", Double(depth - 1), rng_.Chance(0.3) ? Integer(depth - 1) : Double(depth - 1));
      case 2:
        return Infix(" - ", Double(depth - 1), Double(depth - 1));
      case 3:
        return Infix(" * ", Double(depth - 1), Double(depth - 1));
      case 4:
        return Infix(" / ", Double(depth - 1), Wrap("NULLIF(", Double(depth - 1), ", 0e0)"));
      case 5:
        return Wrap("ABS(", Double(depth - 1), ")");
      case 6:
        return Wrap(rng_.Chance(0.5) ? "FLOOR(" : "CEIL(", Double(depth - 1), ")");
      case 7: {
        const BothSql whole = Integer(depth - 1);
        return {StrCat("CAST(", whole.ours, " AS DOUBLE)"), StrCat("CAST(", whole.lite, " AS REAL)")};
      }
      case 8:
        return Choice(ValueKind::kDouble, depth);
      default:
        return NullFunction(ValueKind::kDouble, depth);
    }
  }

  BothSql Text(int depth) {
    if (depth <= 0) return Leaf(ValueKind::kText);
    switch (rng_.Below(11)) {
      case 0:
      case 1:
        return Leaf(ValueKind::kText);
      case 2:
        return Infix(" || ", Text(depth - 1), Text(depth - 1));
      case 3:
        return Wrap(rng_.Chance(0.5) ? "UPPER(" : "LOWER(", Text(depth - 1), ")");
      case 4:
        return Substring(depth);
      case 5:
        return Trim(depth);
      case 6:
        return Overlay(depth);
      case 7: {
        const BothSql whole = Integer(depth - 1);
        return {StrCat("CAST(", whole.ours, " AS VARCHAR(20))"), StrCat("CAST(", whole.lite, " AS TEXT)")};
      }
      case 8:
        return Choice(ValueKind::kText, depth);
      case 9: {
        const BothSql time = Time(depth - 1);
        return {StrCat("TIMESTAMP_TO_CHAR('yyyy-MM-dd''T''HH:mm:ss', ", time.ours, ")"),
                StrCat("COALESCE(STRFTIME('%Y-%m-%dT%H:%M:%S', ", Seconds(time.lite), ", 'unixepoch'), 'null')")};
      }
      default:
        return NullFunction(ValueKind::kText, depth);
    }
  }

  BothSql Time(int depth) {
    if (depth <= 0) return Leaf(ValueKind::kTime);
    struct Unit {
      const char* name;
      int64_t ms;
    };
    static constexpr Unit kUnits[] = {{"SECOND", 1000}, {"MINUTE", 60'000}, {"HOUR", 3'600'000}, {"DAY", 86'400'000}};
    const Unit unit = kUnits[rng_.Below(4)];
    const BothSql time = Time(depth - 1);
    const auto number = static_cast<int64_t>(1 + rng_.Below(40));
    const std::string interval = StrCat("INTERVAL '", number, "' ", unit.name);
    switch (rng_.Below(6)) {
      case 0:
        return {StrCat("FLOOR(", time.ours, " TO ", unit.name, ")"), RoundDown(time.lite, unit.ms)};
      case 1:
        return {StrCat("CEIL(", time.ours, " TO ", unit.name, ")"),
                RoundDown(StrCat("(", time.lite, " + ", unit.ms - 1, ")"), unit.ms)};
      case 2:
        return {StrCat("STEP(", time.ours, " BY ", interval, ")"), RoundDown(time.lite, unit.ms * number)};
      case 3:
        return {StrCat("(", time.ours, " + ", interval, ")"), StrCat("(", time.lite, " + ", unit.ms * number, ")")};
      case 4:
        return {StrCat("(", time.ours, " - ", interval, ")"), StrCat("(", time.lite, " - ", unit.ms * number, ")")};
      default:
        return NullFunction(ValueKind::kTime, depth);
    }
  }

  // (t / unit) * unit, toward the past.
  static std::string RoundDown(const std::string& time, int64_t unit) {
    return StrCat("(", time, " - ((", time, " % ", unit, ") + ", unit, ") % ", unit, ")");
  }

 private:
  static std::string Seconds(const std::string& time) { return StrCat("(", RoundDown(time, 1000), " / 1000)"); }

  static BothSql Infix(std::string_view op, const BothSql& a, const BothSql& b) {
    return {StrCat("(", a.ours, op, b.ours, ")"), StrCat("(", a.lite, op, b.lite, ")")};
  }
  static BothSql Wrap(std::string_view before, const BothSql& a, std::string_view after) {
    return {StrCat(before, a.ours, after), StrCat(before, a.lite, after)};
  }

  BothSql Leaf(ValueKind kind) {
    std::vector<std::string> names;
    for (const RandomColumn& column : columns_) {
      if (column.kind == kind) names.push_back(column.name);
    }
    if (!names.empty() && rng_.Chance(0.75)) {
      const std::string& name = names[rng_.Below(names.size())];
      return {name, name};
    }
    return Literal(kind);
  }

  BothSql Literal(ValueKind kind) {
    switch (kind) {
      case ValueKind::kInteger: {
        const std::string text = StrCat(rng_.Below(10));
        return {text, text};
      }
      case ValueKind::kDouble: {
        const std::string text = StrCat(rng_.Below(8), rng_.Chance(0.5) ? ".25e0" : "e0");
        return {text, text};
      }
      case ValueKind::kText: {
        static constexpr const char* kTexts[] = {"'a'", "'aB'", "'b%'", "'_a'", "'xyz'", "''"};
        const std::string text = kTexts[rng_.Below(6)];
        return {text, text};
      }
      case ValueKind::kBoolean: {
        const std::string text = rng_.Chance(0.5) ? "TRUE" : "FALSE";
        return {text, text};
      }
      case ValueKind::kTime:
        return {"TIMESTAMP '2001-09-09 01:46:40'", "1000000000000"};
    }
    return {};
  }

  ValueKind AnyKind() {
    static constexpr ValueKind kKinds[] = {ValueKind::kInteger, ValueKind::kDouble, ValueKind::kText, ValueKind::kTime};
    return kKinds[rng_.Below(4)];
  }

  BothSql Comparison(int depth) {
    static constexpr const char* kOps[] = {" = ", " <> ", " < ", " <= ", " > ", " >= "};
    const ValueKind kind = AnyKind();
    const bool mixed = kind == ValueKind::kInteger && rng_.Chance(0.2);
    return Infix(kOps[rng_.Below(6)], Expr(kind, depth - 1), Expr(mixed ? ValueKind::kDouble : kind, depth - 1));
  }
  BothSql IsNull(int depth) {
    const ValueKind kind = rng_.Chance(0.2) ? ValueKind::kBoolean : AnyKind();
    return Wrap("(", Expr(kind, depth - 1), rng_.Chance(0.5) ? " IS NULL)" : " IS NOT NULL)");
  }
  BothSql IsTruth(int depth) {
    const BothSql a = Boolean(depth - 1);
    const std::string negated = rng_.Chance(0.5) ? "NOT " : "";
    if (rng_.Chance(0.3)) {
      return {StrCat("(", a.ours, " IS ", negated, "UNKNOWN)"), StrCat("(", a.lite, " IS ", negated, "NULL)")};
    }
    return Wrap("(", a, StrCat(" IS ", negated, rng_.Chance(0.5) ? "TRUE)" : "FALSE)"));
  }
  BothSql Between(int depth) {
    const ValueKind kind = AnyKind();
    const BothSql a = Expr(kind, depth - 1);
    const BothSql low = Expr(kind, depth - 1);
    const BothSql high = Expr(kind, depth - 1);
    const std::string_view op = rng_.Chance(0.3) ? " NOT BETWEEN " : " BETWEEN ";
    return {StrCat("(", a.ours, op, low.ours, " AND ", high.ours, ")"),
            StrCat("(", a.lite, op, low.lite, " AND ", high.lite, ")")};
  }
  BothSql InList(int depth) {
    const ValueKind kind = AnyKind();
    BothSql result = Wrap("(", Expr(kind, depth - 1), rng_.Chance(0.3) ? " NOT IN (" : " IN (");
    const uint64_t count = 1 + rng_.Below(4);
    for (uint64_t i = 0; i < count; ++i) {
      const BothSql item = Expr(kind, depth - 1);
      const std::string_view comma = i == 0 ? "" : ", ";
      result.ours += StrCat(comma, item.ours);
      result.lite += StrCat(comma, item.lite);
    }
    return Wrap("", result, "))");
  }
  BothSql Like(int depth) {
    static constexpr const char* kPatterns[] = {
        "'%a%'", "'a_%'", "'_'", "'%'", "''", "'aB%'", "'%!%%' ESCAPE '!'", "'!_%' ESCAPE '!'"};
    const std::string_view op = rng_.Chance(0.3) ? " NOT LIKE " : " LIKE ";
    if (rng_.Chance(0.2)) return Infix(op, Text(depth - 1), Text(depth - 1));
    return Wrap("(", Text(depth - 1), StrCat(op, kPatterns[rng_.Below(8)], ")"));
  }
  BothSql Distinct(int depth) {
    const ValueKind kind = AnyKind();
    const BothSql a = Expr(kind, depth - 1);
    const BothSql b = Expr(kind, depth - 1);
    const bool negated = rng_.Chance(0.5);
    return {StrCat("(", a.ours, negated ? " IS NOT DISTINCT FROM " : " IS DISTINCT FROM ", b.ours, ")"),
            StrCat("(", a.lite, negated ? " IS " : " IS NOT ", b.lite, ")")};
  }
  BothSql Choice(ValueKind kind, int depth) {
    BothSql result{"CASE", "CASE"};
    const auto add = [&](std::string_view word, const BothSql& expr) {
      result.ours += StrCat(word, expr.ours);
      result.lite += StrCat(word, expr.lite);
    };
    const bool simple = rng_.Chance(0.3);
    const ValueKind of = AnyKind();
    if (simple) add(" ", Expr(of, depth - 1));
    const uint64_t count = 1 + rng_.Below(3);
    for (uint64_t i = 0; i < count; ++i) {
      add(" WHEN ", simple ? Expr(of, depth - 1) : Boolean(depth - 1));
      add(" THEN ", Expr(kind, depth - 1));
    }
    if (rng_.Chance(0.7)) add(" ELSE ", Expr(kind, depth - 1));
    return Wrap("", result, " END");
  }
  BothSql NullFunction(ValueKind kind, int depth) {
    const BothSql a = Expr(kind, depth - 1);
    const BothSql b = Expr(kind, depth - 1);
    const std::string_view name = rng_.Chance(0.5) ? "COALESCE(" : "NULLIF(";
    return {StrCat(name, a.ours, ", ", b.ours, ")"), StrCat(name, a.lite, ", ", b.lite, ")")};
  }
  BothSql Substring(int depth) {
    const BothSql text = Text(depth - 1);
    const uint64_t from = 1 + rng_.Below(4);
    if (rng_.Chance(0.3)) {
      return {StrCat("SUBSTRING(", text.ours, " FROM ", from, ")"), StrCat("SUBSTR(", text.lite, ", ", from, ")")};
    }
    const uint64_t length = rng_.Below(4);
    return {StrCat("SUBSTRING(", text.ours, " FROM ", from, " FOR ", length, ")"),
            StrCat("SUBSTR(", text.lite, ", ", from, ", ", length, ")")};
  }
  BothSql Trim(int depth) {
    static constexpr const char* kSides[][2] = {{"BOTH", "TRIM"}, {"LEADING", "LTRIM"}, {"TRAILING", "RTRIM"}};
    const auto& side = kSides[rng_.Below(3)];
    const BothSql text = Text(depth - 1);
    const std::string_view letter = rng_.Chance(0.5) ? "'a'" : "'x'";
    return {StrCat("TRIM(", side[0], " ", letter, " FROM ", text.ours, ")"),
            StrCat(side[1], "(", text.lite, ", ", letter, ")")};
  }
  BothSql Overlay(int depth) {
    const BothSql text = Text(depth - 1);
    const BothSql put = Text(depth - 1);
    const uint64_t from = 1 + rng_.Below(4);
    const uint64_t length = rng_.Below(4);
    return {StrCat("OVERLAY(", text.ours, " PLACING ", put.ours, " FROM ", from, " FOR ", length, ")"),
            StrCat("(SUBSTR(", text.lite, ", 1, ", from - 1, ") || ", put.lite, " || SUBSTR(", text.lite, ", ",
                   from + length, "))")};
  }
  BothSql Extract(int depth) {
    static constexpr const char* kFields[][2] = {
        {"YEAR", "%Y"}, {"MONTH", "%m"}, {"DAY", "%d"}, {"HOUR", "%H"}, {"MINUTE", "%M"}};
    const auto& field = kFields[rng_.Below(5)];
    const BothSql time = Time(depth - 1);
    return {StrCat("EXTRACT(", field[0], " FROM ", time.ours, ")"),
            StrCat("CAST(STRFTIME('", field[1], "', ", Seconds(time.lite), ", 'unixepoch') AS INTEGER)")};
  }

  Rng& rng_;
  const std::vector<RandomColumn> columns_;
};

}  // namespace tailrace::engine
