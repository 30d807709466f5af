#include <algorithm>
#include <array>
#include <cctype>

#include "base/str.h"
#include "sql/bind_select.h"

// Warnings: what is legal and surely not what was meant.

namespace tailrace::sql {
namespace {

constexpr int32_t kAddressCharsMax = 39;  // An IPv6 address.

// "clientIp" and "client_ip" as words in lower case: client, ip.
std::vector<std::string> WordsOf(std::string_view name) {
  std::vector<std::string> words(1);
  bool lower_before = false;
  for (const unsigned char byte : name) {
    if (std::isalnum(byte) == 0) {
      words.emplace_back();
      lower_before = false;
      continue;
    }
    if (std::isupper(byte) != 0 && lower_before) words.emplace_back();
    words.back() += static_cast<char>(std::tolower(byte));
    lower_before = std::islower(byte) != 0;
  }
  return words;
}

bool NamesAnAddress(std::string_view name) {
  static constexpr std::array<std::string_view, 12> kWords = {"ip",       "addr",      "address",  "host",
                                                              "ipaddr",   "ipaddress", "clientip", "remoteip",
                                                              "sourceip", "srcip",     "userip",   "remoteaddr"};
  static constexpr std::array<std::string_view, 4> kOtherAddresses = {"mail", "email", "street", "postal"};
  const std::vector<std::string> words = WordsOf(name);
  const auto has = [&](const auto& list) {
    return std::ranges::any_of(words,
                               [&](const std::string& word) { return std::ranges::find(list, word) != list.end(); });
  };
  return has(kWords) && !has(kOtherAddresses);
}

bool IsShortAddress(const std::string& name, const data::Type& type) {
  return type.is_character() && type.precision >= 7 && type.precision < kAddressCharsMax && NamesAnAddress(name);
}

std::string ShortAddress(const std::string& name, const data::Type& type) {
  return StrCat("column ", WrittenName(name), " is ", type.ToString(), ": an IPv6 address has up to ", kAddressCharsMax,
                " characters and would be cut");
}

// column >= 1, column > 0, column <> 0, or the same turned round.
bool IsAlwaysTrueOfCount(const BoundCall& call, const std::vector<ColumnFacts>& columns) {
  const std::string_view name = call.name;
  const auto operand = [](const BoundExprPtr& arg) -> const BoundExpr& {
    const auto* cast = std::get_if<BoundCast>(&arg->node);
    return cast != nullptr && cast->implicit ? *cast->operand : *arg;
  };
  for (const bool turned : {false, true}) {
    const BoundExpr& left = operand(call.args[turned ? 1 : 0]);
    const BoundExpr& right = operand(call.args[turned ? 0 : 1]);
    const auto* column = std::get_if<BoundColumn>(&left.node);
    const auto* literal = std::get_if<BoundLiteral>(&right.node);
    if (column == nullptr || literal == nullptr || !std::holds_alternative<int64_t>(literal->value.data)) continue;
    if (!right.type.is_integer() || static_cast<size_t>(column->index) >= columns.size()) continue;
    if (!columns[static_cast<size_t>(column->index)].counts_own_row) continue;
    const int64_t value = literal->value.int64();
    if (name == (turned ? "<=" : ">=") && value <= 1) return true;
    if (name == (turned ? "<" : ">") && value <= 0) return true;
    if (name == "<>" && value <= 0) return true;
  }
  return false;
}

}  // namespace

void WarnOfIdleCondition(BindState& state, const BoundExpr& condition, const std::vector<ColumnFacts>& columns) {
  const auto* call = std::get_if<BoundCall>(&condition.node);
  if (call == nullptr || call->args.size() != 2 || !IsAlwaysTrueOfCount(*call, columns)) return;
  state.Warn(condition.range,
             "this condition holds for every row: the count includes the row itself, so it is never "
             "below 1",
             "= 1 lets the first row through and holds back those that follow within the window");
}

void WarnOfWindowKey(BindState& state, const BoundExpr& key, const WindowEnd& end) {
  if (end.kind != WindowEnd::Kind::kAsserted) return;
  bool from_data = false;
  bool from_clock = false;
  Visit(key, [&](const BoundExpr& part) {
    from_data |= std::holds_alternative<BoundColumn>(part.node) || std::holds_alternative<BoundRowtime>(part.node);
    from_clock |= std::holds_alternative<BoundClock>(part.node);
  });
  if (!from_data && from_clock) {
    state.Warn(key.range, "this window never closes: the clock is read once, when the query starts",
               "use ROWTIME or CURRENT_ROW_TIMESTAMP");
    return;
  }
  state.Warn(key.range,
             "this window closes only when a row with a later value comes: its last group waits as long as "
             "the stream is silent, and a late row opens it again",
             "add a key on ROWTIME, such as STEP(ROWTIME BY INTERVAL '1' MINUTE)");
}

void WarnOfProgram(BindState& state, const ast::Program& program) {
  if (program.statements.empty()) state.Warn(kNoPlace, "the program has no statement", "nothing will come out of it");
  std::set<int> written;
  for (const PumpInfo& pump : state.program.pumps) written.insert(pump.target);
  for (const ast::Statement& statement : program.statements) {
    const auto* stream = std::get_if<ast::CreateStream>(&statement.node);
    if (stream == nullptr) continue;
    for (const ast::ColumnDefinition& column : stream->columns) {
      if (!IsShortAddress(column.name.name, column.type.type)) continue;
      state.Warn(column.type.range, ShortAddress(column.name.name, column.type.type), "VARCHAR(45) holds any address");
    }
    if (!written.contains(state.FindStream(stream->name.name))) {
      state.Warn(stream->name.range, StrCat("no pump writes to stream ", WrittenName(stream->name.name)));
    }
  }
  for (const DeclaredStream& input : state.input.inputs) {
    for (const data::Field& field : input.schema.fields) {
      if (IsShortAddress(field.name, field.type)) {
        state.Warn(kNoPlace,
                   StrCat("input stream ", WrittenName(input.name), ": ", ShortAddress(field.name, field.type)),
                   "VARCHAR(45) holds any address");
      }
    }
  }
}

}  // namespace tailrace::sql
