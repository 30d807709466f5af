#include "app/import/source_walk.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

namespace tailrace::app {
namespace {

namespace ast = sql::ast;
using data::Type;

constexpr std::array<std::string_view, 5> kServiceColumns = {"ROWTIME", "APPROXIMATE_ARRIVAL_TIME", "PARTITION_KEY",
                                                             "SHARD_ID", "SEQUENCE_NUMBER"};
constexpr std::array<std::string_view, 14> kNumberFunctions = {
    "SUM",   "AVG",  "STDDEV_POP", "STDDEV_SAMP", "VAR_POP", "VAR_SAMP", "ABS",
    "FLOOR", "CEIL", "CEILING",    "MOD",         "SQRT",    "ROUND",    "POWER"};
constexpr std::array<std::string_view, 6> kTimeFunctions = {"STEP",    "FLOOR_TO",       "CEIL_TO",
                                                            "EXTRACT", "UNIX_TIMESTAMP", "TIMESTAMP_TO_CHAR"};
constexpr std::array<std::string_view, 19> kTextFunctions = {"UPPER",          "LOWER",
                                                             "TRIM",           "SUBSTRING",
                                                             "SUBSTRING_FROM", "SUBSTRING_SIMILAR",
                                                             "OVERLAY",        "POSITION",
                                                             "CHAR_LENGTH",    "CHARACTER_LENGTH",
                                                             "INITCAP",        "LTRIM",
                                                             "RTRIM",          "CHAR_TO_TIMESTAMP",
                                                             "REGEX_REPLACE",  "REGEX_LOG_PARSE",
                                                             "TO_TIMESTAMP",   "VARIABLE_COLUMN_LOG_PARSE",
                                                             "W3C_LOG_PARSE"};
constexpr std::array<std::string_view, 8> kPassFunctions = {"MIN",        "MAX",         "COALESCE",  "NULLIF",
                                                            "LAST_VALUE", "FIRST_VALUE", "NTH_VALUE", "LAG"};

template <typename List>
bool Has(const List& list, std::string_view name) {
  return std::ranges::find(list, name) != std::end(list);
}

using Hint = std::optional<Type>;

// What a name may refer to within one query.
struct Item {
  std::string alias;
  size_t source = 0;  // Index into the sources, when is_source.
  bool is_source = false;
  bool open = false;            // Its columns are not known here.
  std::set<std::string> known;  // Columns of what the program makes itself.
};
struct Scope {
  std::vector<Item> items;
  std::set<std::string> aliases;  // Of the select list.
  const Scope* outer = nullptr;
};

class Walk {
 public:
  explicit Walk(const ast::Program& program) : program_(program) {}

  SqlSources Run() {
    for (const ast::Statement& statement : program_.statements) Declare(statement);
    for (const ast::Statement& statement : program_.statements) {
      if (const auto* pump = std::get_if<ast::CreatePump>(&statement.node)) WalkInsert(pump->insert);
      if (const auto* insert = std::get_if<ast::Insert>(&statement.node)) WalkInsert(*insert);
      if (const auto* view = std::get_if<ast::CreateView>(&statement.node)) WalkQuery(*view->query, nullptr, {});
      if (const auto* query = std::get_if<ast::QueryPtr>(&statement.node)) WalkQuery(**query, nullptr, {});
    }
    for (const std::string& name : created_order_) {
      if (written_.contains(name) && !read_.contains(name)) result_.unread_streams.push_back(name);
    }
    return std::move(result_);
  }

 private:
  void Declare(const ast::Statement& statement) {
    if (const auto* stream = std::get_if<ast::CreateStream>(&statement.node)) {
      if (!created_.contains(stream->name.name)) created_order_.push_back(stream->name.name);
      auto& columns = created_[stream->name.name];
      columns.clear();
      for (const ast::ColumnDefinition& column : stream->columns) {
        columns.emplace_back(column.name.name, column.type.type);
      }
    }
    if (const auto* view = std::get_if<ast::CreateView>(&statement.node)) {
      for (const std::string& column : OutputNames(*view->query)) {
        created_[view->name.name].emplace_back(column, Type::Null());
      }
    }
  }

  void WalkInsert(const ast::Insert& insert) {
    written_.insert(insert.target.name);
    const auto target = created_.find(insert.target.name);
    std::vector<Hint> hints;
    if (target != created_.end() && insert.columns.empty()) {
      for (const auto& [name, type] : target->second) hints.emplace_back(type);
    } else if (target != created_.end()) {
      for (const ast::Identifier& column : insert.columns) {
        const auto found =
            std::ranges::find(target->second, column.name, [](const auto& entry) { return entry.first; });
        hints.push_back(found == target->second.end() ? Hint() : Hint(found->second));
      }
    }
    WalkQuery(*insert.query, nullptr, hints);
  }

  void WalkQuery(const ast::Query& query, const Scope* outer, const std::vector<Hint>& hints) {
    if (const auto* set = std::get_if<ast::SetOperation>(&query.node)) {
      WalkQuery(*set->left, outer, hints);
      WalkQuery(*set->right, outer, hints);
      return;
    }
    const auto* select = std::get_if<ast::Select>(&query.node);
    if (select == nullptr) return;
    Scope scope{.outer = outer};
    for (const ast::FromPtr& from : select->from) AddItems(*from, scope, outer);
    for (const ast::FromPtr& from : select->from) WalkJoins(*from, scope);
    for (size_t i = 0; i < select->items.size(); ++i) {
      WalkExpr(*select->items[i].expr, scope, i < hints.size() ? hints[i] : Hint());
    }
    WalkOptional(select->where, scope);
    for (const ast::SelectItem& item : select->items) {
      if (item.alias.has_value()) scope.aliases.insert(item.alias->name);
    }
    for (const ast::ExprPtr& expr : select->group_by) WalkOptional(expr, scope);
    if (select->stagger.has_value()) {
      for (const ast::ExprPtr& expr : select->stagger->partition_by) WalkOptional(expr, scope);
    }
    WalkOptional(select->having, scope);
    for (const ast::NamedWindow& window : select->windows) WalkWindow(window.spec, scope);
    for (const ast::OrderItem& item : query.order_by) WalkOptional(item.expr, scope);
  }

  // Output column names as far as the select list tells.
  static std::set<std::string> OutputNames(const ast::Query& query) {
    std::set<std::string> names;
    if (const auto* set = std::get_if<ast::SetOperation>(&query.node)) return OutputNames(*set->left);
    const auto* select = std::get_if<ast::Select>(&query.node);
    if (select == nullptr) return names;
    for (const ast::SelectItem& item : select->items) {
      const auto* name = std::get_if<ast::Name>(&item.expr->node);
      if (item.alias.has_value()) {
        names.insert(item.alias->name);
      } else if (name != nullptr) {
        names.insert(name->parts.back().name);
      }
    }
    return names;
  }

  static bool HasStar(const ast::Query& query) {
    const auto* select = std::get_if<ast::Select>(&query.node);
    return select != nullptr && std::ranges::any_of(select->items, [](const ast::SelectItem& item) {
             return std::holds_alternative<ast::Star>(item.expr->node);
           });
  }

  void AddItems(const ast::FromItem& from, Scope& scope, const Scope* outer) {
    if (const auto* join = std::get_if<ast::FromJoin>(&from.node)) {
      AddItems(*join->left, scope, outer);
      AddItems(*join->right, scope, outer);
      return;
    }
    Item item;
    if (from.alias.has_value()) item.alias = from.alias->name;
    if (const auto* name = std::get_if<ast::FromName>(&from.node)) {
      const std::string& read = name->parts.back().name;
      read_.insert(read);
      if (item.alias.empty()) item.alias = read;
      const auto created = created_.find(read);
      if (created != created_.end()) {
        for (const auto& [column, type] : created->second) item.known.insert(column);
      } else if (read != "error_stream") {
        item.is_source = true;
        item.source = Source(read);
      }
    } else if (const auto* query = std::get_if<ast::FromQuery>(&from.node)) {
      WalkQuery(*query->query, outer, {});
      item.known = OutputNames(*query->query);
      item.open = HasStar(*query->query);
    } else if (const auto* function = std::get_if<ast::FromTableFunction>(&from.node)) {
      WalkOptional(function->call, Scope{.outer = outer});
      item.open = true;
    }
    for (const ast::Identifier& alias : from.column_aliases) item.known.insert(alias.name);
    scope.items.push_back(std::move(item));
  }

  void WalkJoins(const ast::FromItem& from, const Scope& scope) {
    WalkOver(from.over.get(), scope);
    const auto* join = std::get_if<ast::FromJoin>(&from.node);
    if (join == nullptr) return;
    WalkJoins(*join->left, scope);
    WalkJoins(*join->right, scope);
    WalkOptional(join->on, scope);
    for (const ast::Identifier& column : join->using_columns) {
      for (const Item& item : scope.items) {
        if (item.is_source) Note(item.source, column.name, Hint());
      }
    }
  }

  size_t Source(const std::string& name) {
    auto& sources = result_.sources;
    const auto found = std::ranges::find(sources, name, &SqlSource::name);
    if (found != sources.end()) return static_cast<size_t>(found - sources.begin());
    sources.push_back({.name = name});
    return sources.size() - 1;
  }

  void Note(size_t source, const std::string& column, const Hint& hint) {
    if (Has(kServiceColumns, column)) return;
    auto& columns = result_.sources[source].columns;
    auto found = std::ranges::find(columns, column, &SqlSourceColumn::name);
    if (found == columns.end()) found = columns.insert(columns.end(), {.name = column});
    const bool said = found->type.has_value();
    const bool useful = hint.has_value() && hint->kind != data::TypeKind::kNull;
    // Fractions say more than whole numbers, and any use says more than none.
    if (useful && (!said || (found->type->is_integer() && hint->kind == data::TypeKind::kDouble))) {
      found->type = Stored(*hint);
    }
  }

  // A column of an input for values of that type.
  static Type Stored(const Type& type) {
    if (type.is_character())
      return Type::Varchar(std::max(type.kind == data::TypeKind::kChar ? 256 : 16, type.precision));
    if (type.kind == data::TypeKind::kDecimal || type.is_approximate()) return Type::Double();
    if (type.is_integer()) return type.kind == data::TypeKind::kBigint ? Type::Bigint() : Type::Integer();
    if (type.is_interval()) return Type::Timestamp();
    return type;
  }

  void NoteName(const ast::Name& name, const Scope& scope, const Hint& hint) {
    const std::string& column = name.parts.back().name;
    for (const Scope* at = &scope; at != nullptr; at = at->outer) {
      if (name.parts.size() > 1) {
        const std::string& qualifier = name.parts.front().name;
        const auto item = std::ranges::find(at->items, qualifier, &Item::alias);
        if (item == at->items.end()) continue;
        if (item->is_source) Note(item->source, name.parts[1].name, hint);
        return;
      }
      if (at->aliases.contains(column)) return;
      const bool made_here =
          std::ranges::any_of(at->items, [&](const Item& item) { return item.known.contains(column); });
      if (made_here) return;
      const auto item = std::ranges::find(at->items, true, &Item::is_source);
      if (item != at->items.end()) return Note(item->source, column, hint);
      if (std::ranges::any_of(at->items, &Item::open)) return;
    }
  }

  void WalkOptional(const ast::ExprPtr& expr, const Scope& scope, const Hint& hint = {}) {
    if (expr != nullptr) WalkExpr(*expr, scope, hint);
  }
  void WalkAll(const std::vector<ast::ExprPtr>& list, const Scope& scope, const Hint& hint = {}) {
    for (const ast::ExprPtr& expr : list) WalkOptional(expr, scope, hint);
  }
  void WalkWindow(const ast::WindowSpec& spec, const Scope& scope) {
    WalkAll(spec.partition_by, scope);
    for (const ast::OrderItem& item : spec.order_by) WalkOptional(item.expr, scope);
  }
  void WalkOver(const ast::WindowRef* over, const Scope& scope) {
    if (over != nullptr && over->spec != nullptr) WalkWindow(*over->spec, scope);
  }

  // What an expression says about what it is compared with.
  static Hint TypeOf(const ast::Expr& expr) {
    if (const auto* literal = std::get_if<ast::Literal>(&expr.node)) return literal->type;
    if (const auto* cast = std::get_if<ast::Cast>(&expr.node)) return cast->type.type;
    if (const auto* unary = std::get_if<ast::Unary>(&expr.node)) return TypeOf(*unary->operand);
    if (const auto* call = std::get_if<ast::Call>(&expr.node)) {
      if (Has(kTextFunctions, call->name.name) && !call->name.name.ends_with("TIMESTAMP")) return Type::Varchar(256);
    }
    return std::nullopt;
  }

  void WalkExpr(const ast::Expr& expr, const Scope& scope, const Hint& hint) {
    std::visit([&](const auto& node) { Visit(node, scope, hint); }, expr.node);
  }

  void Visit(const ast::Literal&, const Scope&, const Hint&) {}
  void Visit(const ast::Star&, const Scope&, const Hint&) {}
  void Visit(const ast::Name& name, const Scope& scope, const Hint& hint) { NoteName(name, scope, hint); }
  void Visit(const ast::Unary& unary, const Scope& scope, const Hint&) {
    WalkOptional(unary.operand, scope, unary.op == ast::UnaryOp::kNot ? Type::Boolean() : Type::Double());
  }
  void Visit(const ast::Binary& binary, const Scope& scope, const Hint& hint) {
    Hint left = TypeOf(*binary.right);
    Hint right = TypeOf(*binary.left);
    if (binary.op == ast::BinaryOp::kConcat) left = right = Type::Varchar(256);
    if (binary.op == ast::BinaryOp::kAnd || binary.op == ast::BinaryOp::kOr) left = right = Type::Boolean();
    if (binary.op <= ast::BinaryOp::kDivide) {
      const bool interval = left.has_value() && left->is_interval();
      const Hint number = hint.has_value() && hint->is_numeric() ? hint : Hint(Type::Double());
      left = interval ? Hint(Type::Timestamp()) : number;
      right = number;
    }
    WalkOptional(binary.left, scope, left);
    WalkOptional(binary.right, scope, right);
  }
  void Visit(const ast::Is& is, const Scope& scope, const Hint&) {
    WalkOptional(is.operand, scope, is.what == ast::IsWhat::kNull ? Hint() : Hint(Type::Boolean()));
  }
  void Visit(const ast::IsDistinct& distinct, const Scope& scope, const Hint&) {
    WalkOptional(distinct.left, scope, TypeOf(*distinct.right));
    WalkOptional(distinct.right, scope, TypeOf(*distinct.left));
  }
  void Visit(const ast::Between& between, const Scope& scope, const Hint&) {
    WalkOptional(between.operand, scope, TypeOf(*between.low));
    WalkOptional(between.low, scope, TypeOf(*between.high));
    WalkOptional(between.high, scope, TypeOf(*between.low));
  }
  void Visit(const ast::InList& in, const Scope& scope, const Hint&) {
    WalkOptional(in.operand, scope, in.list.empty() ? Hint() : TypeOf(*in.list.front()));
    WalkAll(in.list, scope);
  }
  void Visit(const ast::InQuery& in, const Scope& scope, const Hint&) {
    WalkOptional(in.operand, scope);
    WalkQuery(*in.query, &scope, {});
  }
  void Visit(const ast::ExistsQuery& exists, const Scope& scope, const Hint&) { WalkQuery(*exists.query, &scope, {}); }
  void Visit(const ast::Like& like, const Scope& scope, const Hint&) {
    WalkOptional(like.operand, scope, Type::Varchar(256));
    WalkOptional(like.pattern, scope, Type::Varchar(256));
  }
  void Visit(const ast::Case& choice, const Scope& scope, const Hint& hint) {
    const Hint compared =
        choice.whens.empty() || choice.operand == nullptr ? Hint() : TypeOf(*choice.whens[0].condition);
    WalkOptional(choice.operand, scope, compared);
    for (const ast::When& when : choice.whens) {
      WalkOptional(when.condition, scope);
      WalkOptional(when.result, scope, hint);
    }
    WalkOptional(choice.otherwise, scope, hint);
  }
  void Visit(const ast::Cast& cast, const Scope& scope, const Hint&) { WalkOptional(cast.operand, scope); }
  void Visit(const ast::Difference& difference, const Scope& scope, const Hint&) {
    WalkOptional(difference.left, scope, Type::Timestamp());
    WalkOptional(difference.right, scope, Type::Timestamp());
  }
  void Visit(const ast::Call& call, const Scope& scope, const Hint& hint) {
    const std::string& name = call.name.name;
    Hint argument;
    if (Has(kTextFunctions, name)) argument = Type::Varchar(256);
    if (Has(kTimeFunctions, name)) argument = Type::Timestamp();
    if (Has(kPassFunctions, name)) argument = hint;
    if (Has(kNumberFunctions, name)) argument = hint.has_value() && hint->is_numeric() ? hint : Hint(Type::Double());
    WalkAll(call.args, scope, argument);
    WalkOver(call.over.get(), scope);
  }
  void Visit(const ast::Cursor& cursor, const Scope& scope, const Hint&) { WalkQuery(*cursor.query, scope.outer, {}); }
  void Visit(const ast::RowValue& row, const Scope& scope, const Hint&) {
    WalkAll(row.items, scope, Type::Timestamp());
  }
  void Visit(const ast::PeriodPredicate& period, const Scope& scope, const Hint&) {
    WalkOptional(period.left, scope, Type::Timestamp());
    WalkOptional(period.right, scope, Type::Timestamp());
  }

  const ast::Program& program_;
  SqlSources result_;
  std::map<std::string, std::vector<std::pair<std::string, Type>>> created_;
  std::vector<std::string> created_order_;
  std::set<std::string> read_;
  std::set<std::string> written_;
};

}  // namespace

SqlSources FindSources(const ast::Program& program) { return Walk(program).Run(); }

}  // namespace tailrace::app
