#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "data/text.h"
#include "engine/engine_for_test.h"
#include "engine/random_sql_for_test.h"
#include "sim/seeds.h"

// Goal    Expressions, grouping, joins, set operators and windows give what an independent implementation gives.
// Method  Random statements over random rows, written in our dialect and in SQLite's, run by both. SQLite computes the
//         windows from their definitions in the dialect (sections 4.7 to 4.9), with one query over all rows. To replay
//         one case: TAILRACE_SEED=<n>.

namespace tailrace::engine {
namespace {

// One value in a form that does not depend on who made it.
std::string NumberText(double value) { return fmt::format("{:.9g}", value == 0 ? 0.0 : value); }

class Sqlite {
 public:
  Sqlite() {
    TAILRACE_CHECK(sqlite3_open(":memory:", &database_) == SQLITE_OK);
    Run("PRAGMA case_sensitive_like = 1");
  }
  ~Sqlite() { sqlite3_close(database_); }
  Sqlite(const Sqlite&) = delete;
  Sqlite& operator=(const Sqlite&) = delete;

  void Run(const std::string& sql) { Rows(sql, {}); }

  std::vector<std::string> Rows(const std::string& sql, const std::vector<ValueKind>& kinds) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(database_, sql.c_str(), -1, &statement, nullptr) != SQLITE_OK) {
      ADD_FAILURE() << sqlite3_errmsg(database_) << "\n" << sql;
      return {};
    }
    std::vector<std::string> rows;
    int code = sqlite3_step(statement);
    for (; code == SQLITE_ROW; code = sqlite3_step(statement)) {
      std::vector<std::string> fields;
      for (int i = 0; i < static_cast<int>(kinds.size()); ++i) fields.push_back(Field(statement, i, kinds[i]));
      rows.push_back(Join(fields, "\t"));
    }
    if (code != SQLITE_DONE) ADD_FAILURE() << sqlite3_errmsg(database_) << "\n" << sql;
    sqlite3_finalize(statement);
    return rows;
  }

 private:
  static std::string Field(sqlite3_stmt* statement, int column, ValueKind kind) {
    if (sqlite3_column_type(statement, column) == SQLITE_NULL) return "NULL";
    if (kind == ValueKind::kDouble) return NumberText(sqlite3_column_double(statement, column));
    if (kind == ValueKind::kText) {
      return reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
    }
    return StrCat(sqlite3_column_int64(statement, column));
  }

  sqlite3* database_ = nullptr;
};

std::string FieldOf(const data::Column& column, size_t row) {
  if (column.null(row)) return "NULL";
  const data::Value value = column.ValueAt(row);
  return std::visit(
      [](const auto& typed) -> std::string {
        using Typed = std::remove_cvref_t<decltype(typed)>;
        if constexpr (std::is_same_v<Typed, std::monostate>) {
          return "NULL";
        } else if constexpr (std::is_same_v<Typed, double>) {
          return NumberText(typed);
        } else if constexpr (std::is_same_v<Typed, bool>) {
          return typed ? "1" : "0";
        } else {
          return StrCat(typed);
        }
      },
      value.data);
}

void AppendRows(const data::Batch& batch, bool with_rowtime, std::vector<std::string>& rows) {
  for (size_t row = 0; row < batch.rows(); ++row) {
    std::vector<std::string> fields;
    if (with_rowtime) fields.push_back(StrCat(batch.rowtimes->int64s()[row]));
    for (const data::ColumnPtr& column : batch.columns) fields.push_back(FieldOf(*column, row));
    rows.push_back(Join(fields, "\t"));
  }
}

// The columns of every relation here. N numbers the rows.
constexpr std::string_view kColumns =
    "(N INTEGER, K VARCHAR(2), I INTEGER, J BIGINT, X DOUBLE, Y DOUBLE, S VARCHAR(8), U VARCHAR(8), F BOOLEAN, "
    "T TIMESTAMP)";
constexpr std::string_view kLiteColumns =
    "(N INTEGER, K TEXT, I INTEGER, J INTEGER, X REAL, Y REAL, S TEXT, U TEXT, F INTEGER, T INTEGER, AT INTEGER)";

std::vector<RandomColumn> ColumnsOf(const std::string& prefix) {
  using enum ValueKind;
  std::vector<RandomColumn> columns = {{"K", kText}, {"I", kInteger}, {"J", kInteger}, {"X", kDouble}, {"Y", kDouble},
                                       {"S", kText}, {"U", kText},    {"F", kBoolean}, {"T", kTime}};
  for (RandomColumn& column : columns) column.name = prefix + column.name;
  return columns;
}

struct Row {
  int64_t time;
  std::vector<std::string> fields;  // As SQL test files write them.
  std::string lite;                 // "(1, 'k', ...)"
};

std::vector<Row> RandomRows(Rng& rng, size_t count) {
  std::vector<Row> rows;
  int64_t time = 1'000'000'000'000;
  const auto maybe = [&](std::string text) { return rng.Chance(0.15) ? std::string("NULL") : text; };
  const auto word = [&] {
    std::string text;
    for (uint64_t left = rng.Below(5); left > 0; --left) text += "abABx%_"[rng.Below(7)];
    return text;
  };
  const auto quoted = [](const std::string& text) { return text == "NULL" ? text : StrCat("'", text, "'"); };
  for (size_t n = 0; n < count; ++n) {
    time += rng.Chance(0.4) ? 0 : static_cast<int64_t>(rng.Below(5000));
    const std::string key = maybe(StrCat("k", rng.Below(3)));
    const std::string whole = maybe(StrCat(static_cast<int64_t>(rng.Below(19)) - 9));
    const std::string large = maybe(StrCat(static_cast<int64_t>(rng.Below(199)) - 99));
    const std::string number = maybe(fmt::format("{}", (static_cast<double>(rng.Below(129)) - 64) / 4));
    const std::string fine = maybe(fmt::format("{}", static_cast<double>(rng.Below(1000)) / 64));
    const std::string first = maybe(word());
    const std::string second = maybe(word());
    const std::string truth = maybe(rng.Chance(0.5) ? "TRUE" : "FALSE");
    const int64_t ms = 1'000'000'000'000 + static_cast<int64_t>(rng.Below(4'000'000'000));
    const bool no_time = rng.Chance(0.15);
    Row row{.time = time, .fields = {StrCat(n), key, whole, large, number, fine, first, second, truth}, .lite = {}};
    row.fields.push_back(no_time ? "NULL" : data::TimestampToText(ms));
    row.lite =
        StrCat("(", n, ", ", quoted(key), ", ", whole, ", ", large, ", ", number, ", ", fine, ", ", quoted(first), ", ",
               quoted(second), ", ", truth, ", ", no_time ? "NULL" : StrCat(ms), ", ", time, ")");
    rows.push_back(std::move(row));
  }
  return rows;
}

void Fill(Sqlite& sqlite, const std::string& table, const std::vector<Row>& rows) {
  sqlite.Run(StrCat("CREATE TABLE ", table, " ", kLiteColumns));
  for (const Row& row : rows) sqlite.Run(StrCat("INSERT INTO ", table, " VALUES ", row.lite));
}

// The tables A and B, in our engine and in SQLite.
class Tables {
 public:
  explicit Tables(Rng& rng) {
    for (const char* name : {"A", "B"}) {
      const std::vector<Row> rows = RandomRows(rng, 25);
      Fill(sqlite, name, rows);
      RowsForTest table(SchemaForTest(kColumns), 0);
      for (const Row& row : rows) table.Add(0, row.fields);
      declared_.push_back({.name = name, .schema = SchemaForTest(kColumns)});
      rows_.push_back(table.batch());
      rows_.back().rowtimes = nullptr;
    }
  }

  std::vector<std::string> Ours(const std::string& query) {
    sql::CompileResult compiled = sql::Compile({.text = query, .inputs = {}, .tables = declared_, .options = {}});
    for (const sql::Diagnostic& diagnostic : compiled.diagnostics) {
      if (diagnostic.severity == sql::Severity::kError) ADD_FAILURE() << sql::Format(diagnostic, "query", query);
    }
    if (!compiled.ok()) return {"does not compile"};
    const auto program = std::make_shared<const sql::BoundProgram>(std::move(compiled.program));
    MetricsRegistry metrics;
    auto job = Job::Make(program, {}, rows_, metrics);
    TAILRACE_CHECK(job.ok());
    std::vector<std::string> rows;
    job.value()->ListenQuery(0, [&](const data::Batch& batch, data::Ordinal) {
      AppendRows(batch, false, rows);
      return Ok();
    });
    job.value()->Listen(program->FindStream("error_stream"), [&](const data::Batch& batch, data::Ordinal) {
      for (size_t row = 0; row < batch.rows(); ++row) rows.push_back(StrCat("error: ", SqlTestRow(batch, row, false)));
      return Ok();
    });
    TAILRACE_CHECK(job.value()->Advance(Timestamp::max()).ok());
    return rows;
  }

  void ExpectSame(const BothSql& query, const std::vector<ValueKind>& kinds, bool ordered = false) {
    std::vector<std::string> ours = Ours(query.ours);
    std::vector<std::string> lite = sqlite.Rows(query.lite, kinds);
    if (!ordered) std::ranges::sort(ours);
    if (!ordered) std::ranges::sort(lite);
    EXPECT_EQ(ours, lite) << "ours: " << query.ours << "\nSQLite: " << query.lite;
  }

  Sqlite sqlite;

 private:
  std::vector<sql::DeclaredTable> declared_;
  std::vector<data::Batch> rows_;
};

constexpr ValueKind kKinds[] = {ValueKind::kInteger, ValueKind::kDouble, ValueKind::kText, ValueKind::kBoolean,
                                ValueKind::kTime};

ValueKind RandomKind(Rng& rng) { return kKinds[rng.Below(5)]; }

// A list of random expressions, "a, b, c", and their kinds.
BothSql RandomList(Rng& rng, RandomSql& random, size_t count, std::vector<ValueKind>& kinds,
                   const std::string& whole_column = "I") {
  BothSql list;
  for (size_t i = 0; i < count; ++i) {
    const ValueKind kind = RandomKind(rng);
    BothSql expr = random.Expr(kind, static_cast<int>(rng.Below(4)));
    // SQLite takes a bare number as a key of GROUP BY for the place of a column.
    if (kind == ValueKind::kInteger && expr.lite.find_first_not_of("0123456789()- ") == std::string::npos) {
      expr = {whole_column, whole_column};
    }
    const std::string_view comma = i == 0 ? "" : ", ";
    list.ours += StrCat(comma, expr.ours);
    list.lite += StrCat(comma, expr.lite);
    kinds.push_back(kind);
  }
  return list;
}

template <typename Test>
void ForSeeds(uint64_t count, const Test& test) {
  for (const uint64_t seed : sim::Seeds(count)) {
    SCOPED_TRACE(StrCat("TAILRACE_SEED=", seed));
    Rng rng(seed);
    test(rng);
    if (testing::Test::HasFailure()) return;
  }
}

TEST(SqliteModelTest, Expressions) {
  ForSeeds(40, [](Rng& rng) {
    Tables tables(rng);
    RandomSql random(rng, ColumnsOf(""));
    std::vector<ValueKind> kinds = {ValueKind::kInteger};
    const BothSql list = RandomList(rng, random, 8, kinds);
    const BothSql where = random.Boolean(2);
    tables.ExpectSame({StrCat("SELECT N, ", list.ours, " FROM A WHERE ", where.ours, " OR N < 12"),
                       StrCat("SELECT N, ", list.lite, " FROM A WHERE ", where.lite, " OR N < 12")},
                      kinds);
  });
}

// One aggregate over the rows; whole-number AVG drops its fraction.
BothSql RandomAggregate(Rng& rng, RandomSql& random, std::vector<ValueKind>& kinds) {
  using enum ValueKind;
  const auto add = [&](ValueKind kind, std::string ours, std::string lite) {
    kinds.push_back(kind);
    return BothSql{std::move(ours), std::move(lite)};
  };
  const std::string distinct = rng.Chance(0.3) ? "DISTINCT " : "";
  const auto call = [&](std::string_view name, ValueKind kind, ValueKind result) {
    const BothSql x = random.Expr(kind, 2);
    return add(result, StrCat(name, "(", distinct, x.ours, ")"), StrCat(name, "(", distinct, x.lite, ")"));
  };
  switch (rng.Below(9)) {
    case 0:
      return add(kInteger, "COUNT(*)", "COUNT(*)");
    case 1:
      return call("COUNT", RandomKind(rng), kInteger);
    case 2:
      return call("SUM", kInteger, kInteger);
    case 3:
      return add(kDouble, "SUM(X)", "SUM(X)");  // Quarters: exact in any order.
    case 4: {
      const BothSql x = random.Integer(2);
      return add(kInteger, StrCat("AVG(", distinct, x.ours, ")"),
                 StrCat("(SUM(", distinct, x.lite, ") / COUNT(", distinct, x.lite, "))"));
    }
    case 5:
      return add(kDouble, "AVG(X)", "AVG(X)");
    case 6:
    case 7: {
      static constexpr ValueKind kOrdered[] = {kInteger, kDouble, kText, kTime};
      const ValueKind kind = kOrdered[rng.Below(4)];
      const BothSql x = random.Expr(kind, 2);
      const std::string_view name = rng.Chance(0.5) ? "MIN(" : "MAX(";
      return add(kind, StrCat(name, x.ours, ")"), StrCat(name, x.lite, ")"));
    }
    default:
      return add(kDouble, "VAR_POP(X)", "((SUM(X * X) - SUM(X) * SUM(X) / COUNT(X)) / COUNT(X))");
  }
}

BothSql Aggregates(Rng& rng, RandomSql& random, size_t count, std::vector<ValueKind>& kinds) {
  BothSql list;
  for (size_t i = 0; i < count; ++i) {
    const BothSql one = RandomAggregate(rng, random, kinds);
    list.ours += StrCat(i == 0 ? "" : ", ", one.ours);
    list.lite += StrCat(i == 0 ? "" : ", ", one.lite);
  }
  return list;
}

TEST(SqliteModelTest, GroupsOfTables) {
  ForSeeds(40, [](Rng& rng) {
    Tables tables(rng);
    RandomSql random(rng, ColumnsOf(""));
    std::vector<ValueKind> kinds;
    const BothSql where = random.Boolean(2);
    const bool grouped = rng.Chance(0.8);
    BothSql keys;
    if (grouped) keys = RandomList(rng, random, 1 + rng.Below(2), kinds);
    const BothSql list = Aggregates(rng, random, 4, kinds);
    const std::string comma = grouped ? ", " : "";
    const std::string having = grouped && rng.Chance(0.4) ? " HAVING COUNT(*) > 1 AND MIN(N) < 15" : "";
    const auto text = [&](const std::string& key, const std::string& values, const std::string& condition) {
      return StrCat("SELECT ", key, comma, values, " FROM A WHERE ", condition, " OR N < 9",
                    grouped ? StrCat(" GROUP BY ", key) : "", having);
    };
    tables.ExpectSame({text(keys.ours, list.ours, where.ours), text(keys.lite, list.lite, where.lite)}, kinds);
  });
}

TEST(SqliteModelTest, JoinsOfTables) {
  ForSeeds(40, [](Rng& rng) {
    Tables tables(rng);
    std::vector<RandomColumn> both = ColumnsOf("p.");
    std::ranges::copy(ColumnsOf("q."), std::back_inserter(both));
    RandomSql random(rng, both);
    std::vector<ValueKind> kinds = {ValueKind::kInteger, ValueKind::kInteger};
    static constexpr const char* kJoins[] = {" JOIN ", " LEFT JOIN "};
    const std::string join = kJoins[rng.Below(2)];
    const BothSql list = RandomList(rng, random, 3, kinds, "p.I");
    BothSql on = random.Boolean(2);
    if (rng.Chance(0.7)) on = {StrCat("p.K = q.K AND ", on.ours), StrCat("p.K = q.K AND ", on.lite)};
    const BothSql where = random.Boolean(2);
    const auto text = [&](const std::string& values, const std::string& condition, const std::string& filter) {
      return StrCat("SELECT p.N, q.N, ", values, " FROM A AS p", join, "B AS q ON ", condition, " WHERE ", filter,
                    " OR p.N < 9");
    };
    tables.ExpectSame({text(list.ours, on.ours, where.ours), text(list.lite, on.lite, where.lite)}, kinds);
  });
}

TEST(SqliteModelTest, SetOperatorsAndOrder) {
  ForSeeds(40, [](Rng& rng) {
    Tables tables(rng);
    static constexpr const char* kOps[] = {" UNION ", " UNION ALL ", " INTERSECT ", " EXCEPT "};
    const auto part = [&] {
      RandomSql random(rng, ColumnsOf(""));
      const BothSql where = random.Boolean(2);
      const std::string table = rng.Chance(0.5) ? "A" : "B";
      return BothSql{StrCat("SELECT K, I, F FROM ", table, " WHERE ", where.ours),
                     StrCat("SELECT K, I, F FROM ", table, " WHERE ", where.lite)};
    };
    // SQLite has no precedence among them: what INTERSECT joins, which binds tighter, is put in a subquery of its own.
    BothSql query = part();
    std::string last = query.lite;  // The last operand of UNION and EXCEPT so far,
    std::string before;             // and what stands before it.
    for (uint64_t left = 1 + rng.Below(3); left > 0; --left) {
      const BothSql next = part();
      const std::string op = kOps[rng.Below(4)];
      query.ours += op + next.ours;
      if (op == " INTERSECT ") {
        last = StrCat("SELECT K, I, F FROM (", last, op, next.lite, ") AS t");
      } else {
        before += last + op;
        last = next.lite;
      }
    }
    query.lite = before + last;
    // NULL sorts lowest in both.
    const std::string order = rng.Chance(0.5) ? " ORDER BY 1, 2 DESC, 3" : " ORDER BY 2 DESC, 3, 1 DESC";
    const std::vector<ValueKind> kinds = {ValueKind::kText, ValueKind::kInteger, ValueKind::kBoolean};
    tables.ExpectSame({query.ours + order, query.lite + order}, kinds, true);
  });
}

// A stream's rows in both systems.
struct Stream {
  explicit Stream(Rng& rng) : rows(RandomRows(rng, 120)) {
    Fill(sqlite, "S", rows);
    sqlite.Run("CREATE TABLE NUMBERED AS SELECT *, ROW_NUMBER() OVER (PARTITION BY K ORDER BY N) AS R FROM S");
  }

  // ROWTIME and values of what the query writes, and of what fails.
  std::vector<std::string> Ours(Rng& rng, const std::string& columns, const std::string& query) const {
    const std::string text = StrCat("CREATE STREAM D (", columns, "); CREATE PUMP P AS INSERT INTO D ", query, ";");
    JobForTest test(text, {{"S", std::string(kColumns)}}, 1 + rng.Below(50));
    std::vector<std::string> found;
    const auto listen = [&] {
      test.job->Listen(test.Stream("D"), [&](const data::Batch& batch, data::Ordinal) {
        AppendRows(batch, true, found);
        return Ok();
      });
    };
    listen();
    for (size_t row = 0; row < rows.size();) {
      RowsForTest batch = test.NewRows("S");
      for (size_t left = 1 + rng.Below(30); left > 0 && row < rows.size(); --left, ++row) {
        batch.Add(rows[row].time, rows[row].fields);
      }
      test.Push("S", batch);
      if (row < rows.size() && rng.Chance(0.3)) test.Advance(rows[row].time);
      if (rng.Chance(0.2)) {
        test.SaveAndLoad();
        listen();
      }
    }
    test.Advance(rows.back().time + int64_t{1'000'000'000});
    for (const std::string& error : test.Take("error_stream")) found.push_back(StrCat("error: ", error));
    return found;
  }

  void ExpectSame(Rng& rng, const std::string& columns, const BothSql& query, const std::vector<ValueKind>& kinds,
                  bool ordered) {
    std::vector<std::string> ours = Ours(rng, columns, query.ours);
    std::vector<std::string> lite = sqlite.Rows(query.lite, kinds);
    if (!ordered) std::ranges::sort(ours);
    if (!ordered) std::ranges::sort(lite);
    EXPECT_EQ(ours, lite) << "ours: " << query.ours << "\nSQLite: " << query.lite;
  }

  std::vector<Row> rows;
  Sqlite sqlite;
};

std::string TypeOf(ValueKind kind) {
  switch (kind) {
    case ValueKind::kInteger:
      return "BIGINT";
    case ValueKind::kDouble:
      return "DOUBLE";
    case ValueKind::kText:
      return "VARCHAR(2000)";
    case ValueKind::kBoolean:
      return "BOOLEAN";
    case ValueKind::kTime:
      return "TIMESTAMP";
  }
  return "";
}

// "C0 BIGINT, C1 DOUBLE"; the first kind is ROWTIME's.
std::string TargetColumns(const std::vector<ValueKind>& kinds) {
  std::vector<std::string> columns;
  for (size_t i = 1; i < kinds.size(); ++i) columns.push_back(StrCat("C", i, " ", TypeOf(kinds[i])));
  return Join(columns, ", ");
}

TEST(SqliteModelTest, FiltersAndExpressionsOfStreams) {
  ForSeeds(40, [](Rng& rng) {
    Stream stream(rng);
    RandomSql random(rng, ColumnsOf(""));
    std::vector<ValueKind> kinds = {ValueKind::kTime, ValueKind::kInteger};
    const BothSql list = RandomList(rng, random, 3, kinds);
    const BothSql where = random.Boolean(3);
    stream.ExpectSame(rng, TargetColumns(kinds),
                      {StrCat("SELECT STREAM N, ", list.ours, " FROM S WHERE ", where.ours),
                       StrCat("SELECT AT, N, ", list.lite, " FROM S WHERE ", where.lite, " ORDER BY N")},
                      kinds, true);
  });
}

struct Step {
  std::string interval;
  int64_t ms;
};

Step RandomStep(Rng& rng) {
  const auto number = static_cast<int64_t>(1 + rng.Below(20));
  return rng.Chance(0.7) ? Step{StrCat("INTERVAL '", number, "' SECOND"), number * 1000}
                         : Step{StrCat("INTERVAL '", number, "' MINUTE"), number * 60'000};
}

TEST(SqliteModelTest, TumblingWindows) {
  ForSeeds(40, [](Rng& rng) {
    Stream stream(rng);
    RandomSql random(rng, ColumnsOf(""));
    const Step step = RandomStep(rng);
    std::vector<ValueKind> kinds = {ValueKind::kTime};
    BothSql keys;
    const size_t key_count = rng.Below(3);
    if (key_count > 0) keys = RandomList(rng, random, key_count, kinds);
    const std::string comma = key_count > 0 ? ", " : "";
    const BothSql list = Aggregates(rng, random, 3, kinds);
    const BothSql where = random.Boolean(2);
    const std::string having = rng.Chance(0.3) ? " HAVING COUNT(*) > 1" : "";
    const std::string window = RandomSql::RoundDown("AT", step.ms);
    static constexpr const char* kDeclared[] = {"STEP(S.ROWTIME BY ", "STEP(ROWTIME BY "};
    const std::string key = StrCat(kDeclared[rng.Below(2)], step.interval, ")");
    stream.ExpectSame(rng, TargetColumns(kinds),
                      {StrCat("SELECT STREAM ", keys.ours, comma, list.ours, " FROM S WHERE ", where.ours,
                              " OR N < 40 GROUP BY ", keys.ours, comma, key, having),
                       StrCat("SELECT ", window, " + ", step.ms, comma, keys.lite, ", ", list.lite, " FROM S WHERE ",
                              where.lite, " OR N < 40 GROUP BY ", window, comma, keys.lite, having)},
                      kinds, false);
  });
}

// The aggregate of the row's window, as a query of its own over all rows.
BothSql SlidingAggregate(Rng& rng, RandomSql& inner, const std::string& in_window, std::vector<ValueKind>& kinds) {
  const BothSql one = RandomAggregate(rng, inner, kinds);
  // Our text is over the stream itself, SQLite's over the rows of the window.
  return {one.ours, StrCat("(SELECT ", one.lite, " FROM NUMBERED AS S WHERE ", in_window, ")")};
}

TEST(SqliteModelTest, SlidingWindows) {
  ForSeeds(40, [](Rng& rng) {
    Stream stream(rng);
    RandomSql inner(rng, ColumnsOf(""));
    const Step step = RandomStep(rng);
    const auto rows = static_cast<int64_t>(rng.Below(6));
    const bool by_rows = rng.Chance(0.4);
    const bool partitioned = rng.Chance(0.6);
    const std::string same_key = partitioned ? " AND S.K IS r.K" : "";
    // Rows that have arrived by now and are not too old; of ROWS the last ones, by their numbers in the partition.
    std::string in_window = StrCat("S.N <= r.N", same_key);
    if (by_rows) {
      in_window += StrCat(" AND r.", partitioned ? "R" : "N", " - S.", partitioned ? "R" : "N", " <= ", rows);
    } else {
      in_window += StrCat(" AND S.AT >= r.AT - ", step.ms);
    }
    std::vector<ValueKind> kinds = {ValueKind::kTime, ValueKind::kInteger};
    std::string ours;
    std::string lite;
    for (int i = 0; i < 3; ++i) {
      const BothSql one = SlidingAggregate(rng, inner, in_window, kinds);
      ours += StrCat(", ", one.ours, " OVER W");
      lite += StrCat(", ", one.lite);
    }
    const std::string frame =
        by_rows ? StrCat("ROWS ", rows, " PRECEDING") : StrCat("RANGE ", step.interval, " PRECEDING");
    stream.ExpectSame(
        rng, TargetColumns(kinds),
        {StrCat("SELECT STREAM N", ours, " FROM S WINDOW W AS (", partitioned ? "PARTITION BY K " : "", frame, ")"),
         StrCat("SELECT r.AT, r.N", lite, " FROM NUMBERED AS r ORDER BY r.N")},
        kinds, true);
  });
}

TEST(SqliteModelTest, FirstLastAndLagOfSlidingWindows) {
  ForSeeds(40, [](Rng& rng) {
    Stream stream(rng);
    const Step step = RandomStep(rng);
    const uint64_t back = rng.Below(4);
    const std::string in_window = StrCat("S.N <= r.N AND S.K IS r.K AND S.AT >= r.AT - ", step.ms);
    const bool ignore = rng.Chance(0.5);
    const std::string nulls = ignore ? " IGNORE NULLS" : "";
    const std::string valid = ignore ? " AND S.I IS NOT NULL" : "";
    const auto pick = [&](std::string_view order, uint64_t skip, const std::string& also) {
      return StrCat("(SELECT S.I FROM S WHERE ", in_window, valid, also, " ORDER BY S.N ", order, " LIMIT 1 OFFSET ",
                    skip, ")");
    };
    // LAG counts rows before the current one; 0 is the row itself.
    const std::string lag = back == 0 ? std::string("r.I") : pick("DESC", back - 1, " AND S.N < r.N");
    using enum ValueKind;
    const std::vector<ValueKind> kinds = {kTime, kInteger, kInteger, kInteger, kInteger, kInteger, kInteger};
    const std::string over = " OVER W";
    stream.ExpectSame(
        rng, TargetColumns(kinds),
        {StrCat("SELECT STREAM N, FIRST_VALUE(I)", nulls, over, ", LAST_VALUE(I)", nulls, over, ", NTH_VALUE(I, 2)",
                nulls, over, ", NTH_VALUE(I, 2) FROM LAST", nulls, over, ", LAG(I, ", back, ")", nulls, over,
                " FROM S WINDOW W AS (PARTITION BY K RANGE ", step.interval, " PRECEDING)"),
         StrCat("SELECT r.AT, r.N, ", pick("ASC", 0, ""), ", ", pick("DESC", 0, ""), ", ", pick("ASC", 1, ""), ", ",
                pick("DESC", 1, ""), ", ", lag, " FROM S AS r ORDER BY r.N")},
        kinds, true);
  });
}

TEST(SqliteModelTest, DistinctWithinAWindow) {
  ForSeeds(40, [](Rng& rng) {
    Stream stream(rng);
    const Step step = RandomStep(rng);
    const std::string window = RandomSql::RoundDown("AT", step.ms);
    using enum ValueKind;
    const std::vector<ValueKind> kinds = {kTime, kTime, kText, kInteger};
    stream.ExpectSame(rng, TargetColumns(kinds),
                      {StrCat("SELECT STREAM DISTINCT STEP(ROWTIME BY ", step.interval, "), K, I FROM S"),
                       StrCat("SELECT AT, ", window, ", K, I FROM S WHERE N IN (SELECT MIN(N) FROM S GROUP BY ", window,
                              ", K, I) ORDER BY N")},
                      kinds, true);
  });
}

}  // namespace
}  // namespace tailrace::engine
