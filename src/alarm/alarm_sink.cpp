#include "alarm/alarm_sink.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/str.h"
#include "data/text.h"

namespace tailrace::alarm {
namespace {

constexpr size_t kHistoryRowsInMessageMax = 1'000;
constexpr size_t kKeyCharsMax = 128;

// What templates may name beside the columns. The last three are 0 or empty where there is nothing to tell.
constexpr std::array<std::string_view, 8> kVariables = {"time",  "iso_time",   "alarm", "key",
                                                        "value", "suppressed", "max",   "since"};

bool IsVariable(std::string_view name) { return std::ranges::find(kVariables, name) != kVariables.end(); }

int FindColumn(const data::Schema& schema, const std::string& name) {
  const int exact = schema.Find(name);
  return exact >= 0 ? exact : schema.Find(AsciiUpper(name));  // As SQL folds a name without quotes.
}

Error UnknownName(std::string_view alarm, std::string_view what, const std::string& name, const data::Schema& schema,
                  bool variables) {
  std::vector<std::string> candidates;
  for (const data::Field& field : schema.fields) candidates.push_back(field.name);
  if (variables) candidates.insert(candidates.end(), kVariables.begin(), kVariables.end());
  std::string message = StrCat("alarm ", alarm, ": ", what, " names ", name, ", which the stream does not have");
  if (const auto nearest = NearestName(name, candidates)) message += StrCat("; did you mean ", *nearest, "?");
  return Error{ErrorCode::kInvalidArgument, std::move(message)};
}

Result<TextTemplate> ParseChecked(const AlarmConfig& config, std::string_view what, const std::string& text,
                                  const data::Schema& schema) {
  auto parsed = TextTemplate::Parse(text);
  if (!parsed.ok()) return std::move(parsed).error().Context(StrCat("alarm ", config.name, ": ", what));
  for (const std::string& name : parsed->Names()) {
    if (!IsVariable(name) && FindColumn(schema, name) < 0) {
      return UnknownName(config.name, what, name, schema, true);
    }
  }
  return parsed;
}

std::optional<double> NumberAt(const data::Column& column, size_t row) {
  if (column.null(row)) return std::nullopt;
  switch (column.type().physical()) {
    case data::Physical::kInt64: {
      const auto number = static_cast<double>(column.int64s()[row]);
      return column.type().kind == data::TypeKind::kDecimal ? number / std::pow(10.0, column.type().scale) : number;
    }
    case data::Physical::kDouble:
      return column.doubles()[row];
    default:
      return std::nullopt;
  }
}

}  // namespace

// The configuration against the schema.
struct AlarmSink::Bound {
  TextTemplate subject;
  TextTemplate message;
  TextTemplate digest;
  TextTemplate resolved;
  int value_column = -1;  // -1: the stream has no number.
  std::vector<int> key_columns;
};

std::string RowJson(const data::Schema& schema, const data::Batch& batch, size_t row) {
  std::string json = "{";
  for (size_t i = 0; i < schema.fields.size(); ++i) {
    if (i > 0) json += ',';
    data::AppendJsonString(json, schema.fields[i].name);
    json += ':';
    data::AppendJson(json, batch.columns[i]->type(), batch.columns[i]->ValueAt(row));
  }
  return json + '}';
}

std::string MessageTime(Timestamp time) {
  std::string iso = ToIso8601(time);
  iso.resize(19);
  iso[10] = ' ';
  return iso;
}

std::string NumberText(double number) {
  return std::trunc(number) == number && std::abs(number) < 1e15 ? fmt::format("{}", static_cast<int64_t>(number))
                                                                 : fmt::format("{}", number);
}

Result<AlarmSink::Bound> AlarmSink::Bind(const AlarmConfig& config, const data::Schema& schema,
                                         const std::vector<TargetConfig>& targets) {
  Bound bound;
  TAILRACE_ASSIGN_OR_RETURN(bound.subject, ParseChecked(config, "notify.subject", config.notify.subject, schema));
  TAILRACE_ASSIGN_OR_RETURN(bound.message, ParseChecked(config, "notify.message", config.notify.message, schema));
  TAILRACE_ASSIGN_OR_RETURN(bound.digest, ParseChecked(config, "notify.digest", config.notify.digest, schema));
  TAILRACE_ASSIGN_OR_RETURN(bound.resolved, ParseChecked(config, "notify.resolved", config.notify.resolved, schema));
  for (const std::string& name : bound.resolved.Names()) {
    if (!IsVariable(name)) {
      return Error{ErrorCode::kInvalidArgument, StrCat("alarm ", config.name, ": notify.resolved names column ", name,
                                                       ", but there is no row when an alarm is over")};
    }
  }
  for (const std::string& name : config.key_columns) {
    const int column = FindColumn(schema, name);
    if (column < 0) return UnknownName(config.name, "key", name, schema, false);
    bound.key_columns.push_back(column);
  }
  if (!config.value_column.empty()) {
    bound.value_column = FindColumn(schema, config.value_column);
    if (bound.value_column < 0) return UnknownName(config.name, "value", config.value_column, schema, false);
    if (!schema.fields[static_cast<size_t>(bound.value_column)].type.is_numeric()) {
      return Error{ErrorCode::kInvalidArgument,
                   StrCat("alarm ", config.name, ": value names ", config.value_column, ", which is not a number")};
    }
  } else {
    const auto numeric = std::ranges::find_if(schema.fields, [](const auto& field) { return field.type.is_numeric(); });
    if (numeric != schema.fields.end()) bound.value_column = static_cast<int>(numeric - schema.fields.begin());
  }
  const auto check_target = [&](const std::string& name, bool history) -> Status {
    const auto target = std::ranges::find(targets, name, &TargetConfig::name);
    if (target == targets.end()) {
      return Error{ErrorCode::kInvalidArgument, StrCat("alarm ", config.name, ": there is no target ", name)};
    }
    if (IsHistory(*target) == history) return Ok();
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("alarm ", config.name, ": target ", name,
                        history ? " is no history; sqlite and mysql are" : " is a history and takes no messages")};
  };
  for (const std::string& name : config.notify.to) TAILRACE_TRY(check_target(name, false));
  if (config.history.has_value()) TAILRACE_TRY(check_target(config.history->to, true));
  return bound;
}

Status AlarmSink::Check(const AlarmConfig& config, const data::Schema& schema,
                        const std::vector<TargetConfig>& targets) {
  TAILRACE_TRY(Bind(config, schema, targets));
  return Ok();
}

Result<std::unique_ptr<AlarmSink>> AlarmSink::Open(AlarmConfig config, data::SchemaPtr schema,
                                                   const std::vector<TargetConfig>& targets, AlarmLedger& store,
                                                   const Clock& clock, std::function<void()> outgoing,
                                                   EvidenceOf evidence_of) {
  TAILRACE_ASSIGN_OR_RETURN(Bound bound, Bind(config, *schema, targets));
  std::unique_ptr<AlarmSink> sink(new AlarmSink(std::move(config), std::move(schema),
                                                std::make_unique<const Bound>(std::move(bound)), store, clock,
                                                std::move(outgoing), std::move(evidence_of)));
  TAILRACE_TRY(sink->Reload());
  return sink;
}

AlarmSink::AlarmSink(AlarmConfig config, data::SchemaPtr schema, std::unique_ptr<const Bound> bound, AlarmLedger& store,
                     const Clock& clock, std::function<void()> outgoing, EvidenceOf evidence_of)
    : config_(std::move(config)),
      schema_(std::move(schema)),
      bound_(std::move(bound)),
      store_(store),
      clock_(clock),
      outgoing_(std::move(outgoing)),
      evidence_of_(std::move(evidence_of)) {}

AlarmSink::~AlarmSink() = default;

Status AlarmSink::Reload() {
  TAILRACE_ASSIGN_OR_RETURN(StoredAlarm stored, store_.Load(config_.name));
  last_ordinal_ = stored.last_ordinal;
  alarm_.emplace(Alarm::Rules{.min_interval = config_.notify.min_interval,
                              .resolve_after = config_.resolve_after,
                              .keys_max = config_.keys_max},
                 std::move(stored.keys));
  return Ok();
}

std::string AlarmSink::Variable(const std::string& name, const AlarmEvent& event, const data::Batch* batch,
                                size_t row) const {
  const auto number = [](const std::optional<double>& value) { return value ? NumberText(*value) : std::string(); };
  if (name == "time") return MessageTime(event.time);
  if (name == "iso_time") return ToIso8601(event.time);
  if (name == "alarm") return config_.name;
  if (name == "key") return event.key;
  if (name == "value") return number(event.value);
  if (name == "suppressed") return StrCat(event.rows);
  if (name == "max") return number(event.max);
  if (name == "since") return event.since.has_value() ? MessageTime(*event.since) : std::string();
  const data::Column& column = *batch->columns[static_cast<size_t>(FindColumn(*schema_, name))];
  return column.null(row) ? "NULL" : data::ToSqlText(column.type(), column.ValueAt(row));
}

void AlarmSink::Tell(const AlarmEvent& event, const data::Batch* batch, size_t row, AlarmCommit& commit) const {
  const bool over = event.kind == EventKind::kResolved;
  if (event.kind == EventKind::kFired || (over && bound_->resolved.empty()) || config_.notify.to.empty()) return;
  const auto lookup = [&](const std::string& name) { return Variable(name, event, batch, row); };
  Message message{.kind = over ? MessageKind::kResolved : MessageKind::kAlarm,
                  .alarm = config_.name,
                  .key = event.key,
                  .time = event.time,
                  .ordinal = event.ordinal,
                  .value = event.value,
                  .suppressed = over ? 0 : event.rows,
                  .max = event.max};
  if (over) {
    message.subject = StrCat("Resolved: ", config_.name);
    message.text = bound_->resolved.Render(lookup);
  } else {
    message.subject = bound_->subject.Render(lookup);
    message.text = bound_->message.Render(lookup);
    if (event.rows > 0 && !bound_->digest.empty()) message.text += StrCat(" ", bound_->digest.Render(lookup));
    message.row_json = RowJson(*schema_, *batch, row);
  }
  commit.outgoing.push_back({.message = std::move(message), .targets = config_.notify.to});
}

Status AlarmSink::Write(const data::Batch& batch, data::Ordinal first_ordinal) {
  if (!alarm_.has_value()) TAILRACE_TRY(Reload());
  // A gap is no reason to stay silent: somebody removed the alarms' database beside a running application's checkpoint.
  const data::Ordinal taken = last_ordinal_ + 1 - std::min(first_ordinal, last_ordinal_ + 1);
  const size_t skipped = std::min<size_t>(batch.rows(), taken);
  if (skipped == batch.rows()) return Ok();
  AlarmCommit commit{.alarm = config_.name, .last_ordinal = first_ordinal + batch.rows() - 1};
  std::vector<HistoryRow> history;
  data::Ordinal history_ordinal = 0;
  const auto flush_history = [&] {
    if (history.empty()) return;
    commit.outgoing.push_back({.message = {.kind = MessageKind::kHistory,
                                           .alarm = config_.name,
                                           .time = history.front().time,
                                           .ordinal = history_ordinal,
                                           .value = history.back().value,
                                           .history = std::exchange(history, {})},
                               .targets = {config_.history->to}});
  };
  std::vector<AlarmEvent> events;
  for (size_t row = skipped; row < batch.rows(); ++row) {
    AlarmRow alarm_row{.time = FromUnixMs(batch.rowtimes->int64s()[row]), .ordinal = first_ordinal + row};
    for (const int column : bound_->key_columns) {
      const data::Column& values = *batch.columns[static_cast<size_t>(column)];
      if (!alarm_row.key.empty()) alarm_row.key += ", ";
      alarm_row.key += values.null(row) ? "NULL" : data::ToSqlText(values.type(), values.ValueAt(row));
    }
    alarm_row.key = Utf8Prefix(alarm_row.key, kKeyCharsMax);
    if (bound_->value_column >= 0) {
      alarm_row.value = NumberAt(*batch.columns[static_cast<size_t>(bound_->value_column)], row);
    }
    events.clear();
    alarm_->Observe(alarm_row, events);
    bool told = false;
    for (const AlarmEvent& event : events) {
      told |= event.kind == EventKind::kMessage;
      Tell(event, &batch, row, commit);
    }
    const size_t first_event = commit.events.size();
    commit.events.insert(commit.events.end(), events.begin(), events.end());
    AddEvidence(&batch, row, first_event, commit);
    if (!config_.history.has_value()) continue;
    if (config_.history->mode == HistoryMode::kPerMessage && !told) continue;
    if (history.empty()) history_ordinal = alarm_row.ordinal;
    history.push_back({.time = alarm_row.time, .value = alarm_row.value});
    // One message a row, so that its time is its own; whole batches where every row counts.
    const bool full = history.size() == kHistoryRowsInMessageMax;
    if (full || config_.history->mode == HistoryMode::kPerMessage) flush_history();
  }
  flush_history();
  return Store(std::move(commit));
}

bool AlarmSink::HasNewsAt(Timestamp time) const {
  if (!alarm_.has_value()) return true;  // It has to be loaded first, to tell.
  const std::optional<Timestamp> next = alarm_->NextResolve();
  return next.has_value() && *next <= time;
}

Status AlarmSink::AdvanceTo(Timestamp time) {
  if (!alarm_.has_value()) TAILRACE_TRY(Reload());
  const auto next = alarm_->NextResolve();
  if (!next.has_value() || *next > time) return Ok();
  AlarmCommit commit{.alarm = config_.name, .last_ordinal = last_ordinal_};
  alarm_->AdvanceTo(time, commit.events);
  for (const AlarmEvent& event : commit.events) Tell(event, nullptr, 0, commit);
  AddEvidence(nullptr, 0, 0, commit);
  return Store(std::move(commit));
}

// The events from `first_event` on came of this row, except the ends of quiet keys, which rest on no row.
void AlarmSink::AddEvidence(const data::Batch* batch, size_t row, size_t first_event, AlarmCommit& commit) {
  if (!evidence_of_) return;
  for (size_t i = first_event; i < commit.events.size(); ++i) {
    const AlarmEvent& event = commit.events[i];
    // A row fires and tells at the same moment.
    const auto before = i > first_event ? commit.evidence.find(i - 1) : commit.evidence.end();
    const bool same = before != commit.evidence.end() && commit.events[i - 1].time == event.time;
    std::optional<Evidence> evidence = same ? std::optional(before->second) : evidence_of_(event.time);
    if (!evidence.has_value()) continue;
    const bool of_row = batch != nullptr && event.kind != EventKind::kResolved;
    evidence->row_json = of_row ? RowJson(*schema_, *batch, row) : "";
    commit.evidence[i] = *std::move(evidence);
  }
}

Status AlarmSink::Store(AlarmCommit commit) {
  for (const std::string& key : alarm_->TakeChanged()) {
    const auto state = alarm_->keys().find(key);
    commit.keys[key] = state == alarm_->keys().end() ? std::nullopt : std::optional(state->second);
  }
  commit.now = clock_.Now();
  const Status stored = store_.Commit(commit);
  if (!stored.ok()) {
    alarm_.reset();  // It has seen rows that the store has not.
    return stored;
  }
  last_ordinal_ = commit.last_ordinal;
  if (!commit.outgoing.empty()) outgoing_();
  return Ok();
}

}  // namespace tailrace::alarm
