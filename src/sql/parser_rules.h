#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sql/ast.h"
#include "sql/parser.h"
#include "sql/token_cursor.h"

namespace tailrace::sql {

// The grammar, one method a rule, in a file for each family: parser_statement.cpp, parser_query.cpp, parser_from.cpp,
// parser_expression.cpp, parser_call.cpp, parser_literal.cpp, parser_type.cpp.
//
// A rule that fails leaves the cursor failed and gives what it has, null pointers included; nobody looks into that,
// because a statement with an error is dropped as a whole.
class ParserRules : public TokenCursor {
 public:
  ParserRules(std::string_view text, const ParseOptions& options) : TokenCursor(text, options) {}

  ParseResult Program();
  ParsedExpression SingleExpression();

 private:
  // Counts the levels of nested rules; fails the cursor beyond kNestingMax. Every way from a rule back to itself leads
  // through one of these.
  class Nesting {
   public:
    explicit Nesting(ParserRules& rules);
    ~Nesting() { --rules_.nesting_; }
    Nesting(const Nesting&) = delete;
    Nesting& operator=(const Nesting&) = delete;

   private:
    ParserRules& rules_;
  };

  // parser_statement.cpp
  void Statements(const StatementSpan& span);
  void Statement();
  void Create();
  ast::CreateStream StreamDefinition();
  ast::CreatePump PumpDefinition();
  ast::CreateFunction FunctionDefinition();
  ast::CreateView ViewDefinition();
  void FunctionCharacteristics(ast::CreateFunction& function);
  std::vector<ast::ColumnDefinition> ColumnDefinitions(bool may_be_empty);
  ast::ColumnDefinition OneColumn();
  std::string Description();
  void SkipOptions();
  void Ignored();
  ast::Insert Insert();
  ast::QueryPtr InsertedQueryWithoutSelect(const ast::Insert& insert);
  void Keep(decltype(ast::Statement::node) node, uint32_t begin);

  // parser_query.cpp
  ast::QueryPtr Query();
  ast::QueryPtr SetOperations();
  ast::QueryPtr QueryTerm();
  ast::QueryPtr QueryPrimary();
  ast::QueryPtr SelectQuery();
  ast::QueryPtr ValuesQuery();
  ast::QueryPtr MakeQuery(decltype(ast::Query::node) node, uint32_t begin);
  ast::QueryPtr Combine(ast::SetOp op, ast::QueryPtr left, ast::QueryPtr right, uint32_t begin);
  void QueryTail(ast::Query& query);
  void SelectQuantifiers(ast::Select& select);
  void SelectItems(ast::Select& select);
  ast::SelectItem OneSelectItem();
  void SelectClauses(ast::Select& select);
  void SelectClause(size_t clause, ast::Select& select);
  ast::Stagger StaggerClause();
  ast::EmitEmpty EmitEmptyClause();
  std::vector<ast::NamedWindow> WindowClause();
  std::vector<ast::OrderItem> OrderItems();
  void SelectAlias(ast::SelectItem& item);
  // A name without AS, if one stands there; a slip of one of `clauses` is none.
  std::optional<ast::Identifier> ImplicitAlias(std::span<const std::string_view> clauses);
  // Whether the comma just passed has nothing behind it; that is repaired.
  bool RefuseTrailingComma();

  // parser_from.cpp
  std::vector<ast::FromPtr> FromList();
  ast::FromPtr Joined();
  std::optional<ast::JoinKind> JoinWords(bool& natural);
  void JoinCondition(ast::FromJoin& join);
  ast::FromPtr Source();
  ast::FromPtr BareSource();
  ast::FromPtr TableFunction();
  void SourceAlias(ast::FromItem& item);
  std::vector<ast::Identifier> ParenthesisedNames();
  std::unique_ptr<ast::WindowRef> WindowReference();
  ast::WindowSpec WindowSpecification();
  void Frame(ast::WindowSpec& spec);
  ast::FrameBound OneFrameBound();

  // parser_expression.cpp
  ast::ExprPtr Expression();
  ast::ExprPtr AndExpression();
  ast::ExprPtr NotExpression();
  ast::ExprPtr Predicate();
  ast::ExprPtr PredicateRest(ast::ExprPtr left, uint32_t begin);
  ast::ExprPtr IsPredicate(ast::ExprPtr operand, uint32_t begin);
  ast::ExprPtr TruthTest(ast::ExprPtr operand, uint32_t begin);
  ast::ExprPtr BetweenPredicate(ast::ExprPtr operand, bool negated, uint32_t begin);
  ast::ExprPtr InPredicate(ast::ExprPtr operand, bool negated, uint32_t begin);
  ast::ExprPtr LikePredicate(ast::ExprPtr operand, bool negated, uint32_t begin);
  ast::ExprPtr PeriodChain(ast::ExprPtr left, uint32_t begin);
  bool AtPeriodOperator() const;
  ast::ExprPtr Concatenation();
  ast::ExprPtr Sum();
  ast::ExprPtr Product();
  ast::ExprPtr Signed();
  ast::ExprPtr Primary();
  ast::ExprPtr WordPrimary();
  ast::ExprPtr Parenthesised();
  ast::ExprPtr CaseExpression();
  ast::ExprPtr ColumnName();
  ast::ExprPtr Make(decltype(ast::Expr::node) node, uint32_t begin, int depth_below);
  ast::ExprPtr MakeBinary(ast::BinaryOp op, ast::ExprPtr left, ast::ExprPtr right, SourceRange op_range);
  // Operands of an associative operator as a balanced tree, so that a long chain stays shallow.
  ast::ExprPtr Balanced(ast::BinaryOp op, std::vector<ast::ExprPtr>& operands, const std::vector<SourceRange>& signs,
                        size_t begin, size_t end);
  std::vector<ast::ExprPtr> ExpressionList();

  // parser_call.cpp
  ast::ExprPtr CallOrName();
  ast::ExprPtr FinishCall(ast::Call call, uint32_t begin);
  ast::ExprPtr PlainCall();
  void CallArguments(ast::Call& call);
  void CallSuffix(ast::Call& call);
  ast::ExprPtr CastCall();
  ast::ExprPtr ExtractCall();
  ast::ExprPtr RoundCall();
  ast::ExprPtr StepCall();
  ast::ExprPtr SubstringCall();
  ast::ExprPtr OverlayCall();
  ast::ExprPtr PositionCall();
  ast::ExprPtr TrimCall();
  ast::ExprPtr CursorCall();
  ast::ExprPtr ExistsCall();
  ast::ExprPtr ClockCall();
  ast::ExprPtr PeriodCall();
  ast::ExprPtr OdbcEscape();
  ast::Call BeginCall();
  std::optional<data::IntervalField> UnitWord();

  // parser_literal.cpp
  ast::ExprPtr NumberLiteral(bool negative, uint32_t begin);
  ast::ExprPtr StringLiteral();
  ast::ExprPtr BinaryLiteral();
  ast::ExprPtr WordLiteral();
  ast::ExprPtr DatetimeLiteral(data::TypeKind kind, uint32_t begin);
  ast::ExprPtr IntervalLiteral();
  ast::ExprPtr MakeLiteral(data::Type type, data::Value value, uint32_t begin);

  // parser_type.cpp
  enum class IntervalTypes : uint8_t { kRefuse, kAccept };
  ast::TypeName TypeName(IntervalTypes intervals);
  struct Qualifier {
    data::Type type;
    SourceRange leading;  // The first field with its precision.
  };
  // An interval's fields, if they stand here. A TO that cannot continue them is left alone.
  // Behind (a - b) another word may be an alias; behind a literal it can only be a slip (SECONDS).
  enum class UnitSlips : uint8_t { kLeave, kRepair };
  std::optional<Qualifier> IntervalQualifier(UnitSlips slips);
  std::optional<int32_t> DigitCount(int32_t least, int32_t most);
  void ForeignTypeHint(const Token& word, std::string& hint) const;

  // Names
  std::optional<ast::Identifier> AnyName(std::string_view description);  // Keywords too: nothing else can stand there.
  std::optional<ast::Identifier> ObjectName(std::string_view description);  // Not the structural words.
  static ast::Identifier ToIdentifier(const Token& token);

  static int Depth(const ast::ExprPtr& expr) { return expr == nullptr ? 0 : expr->depth; }
  static int Depth(const std::vector<ast::ExprPtr>& list);
  uint32_t Begin() const { return Peek().range.begin; }

  int nesting_ = 0;
  int query_depth_ = 0;       // Deepest level below the query at hand, as far as it is read.
  int last_query_depth_ = 0;  // Of the query read last, itself included.
  ast::Program program_;
  std::vector<ast::Identifier> faulty_definitions_;
};

}  // namespace tailrace::sql
