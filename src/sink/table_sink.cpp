#include "sink/table_sink.h"

#include <algorithm>
#include <utility>

#include "base/str.h"
#include "data/output_format.h"
#include "sink/last_ordinal.h"

namespace tailrace::sink {
namespace {

constexpr size_t kRowsAtOnce = 500;  // Of one transaction.

class TableSink final : public RedrivableSink {
 public:
  TableSink(TableSinkConfig config, table::TableOptions options, ItemMapping mapping, Environment& environment,
            OriginLookup origin, data::Ordinal last_ordinal)
      : config_(std::move(config)),
        options_(std::move(options)),
        mapping_(std::move(mapping)),
        environment_(environment),
        origin_(std::move(origin)),
        row_writer_(config_.schema, {}),
        rows_written_(environment.metrics.GetCounter("tailrace_sink_rows_total", "Rows that a sink took.",
                                                     {{"sink", config_.name}})),
        last_ordinal_(last_ordinal) {}

  const data::Schema& schema() const override { return config_.schema; }
  data::Ordinal last_ordinal() const override { return last_ordinal_; }

  Status Write(const data::Batch& batch, data::Ordinal first_ordinal) override {
    const size_t rows = batch.rows();
    size_t row = last_ordinal_ >= first_ordinal ? std::min<size_t>(rows, last_ordinal_ - first_ordinal + 1) : 0;
    while (row < rows) {
      const size_t end = std::min(rows, row + kRowsAtOnce);
      TAILRACE_TRY(WriteRows(batch, first_ordinal, row, end));
      row = end;
    }
    return Ok();
  }

  Status Redrive(const LetterId& letter, const data::Batch& row) override {
    TAILRACE_ASSIGN_OR_RETURN(table::Item item, ToItem(row, 0));
    table::Changes changes;
    changes.Put(config_.table, std::move(item));
    DeadLetters::Pending pending(environment_.dead_letters);
    pending.Remove(letter);
    pending.AppendTo(changes);
    TAILRACE_TRY(environment_.tables.Apply(changes));
    pending.Commit();
    rows_written_.Add(1);
    return Ok();
  }

 private:
  // The row's item, checked against everything for which the table would refuse it.
  Result<table::Item> ToItem(const data::Batch& batch, size_t row) const {
    TAILRACE_ASSIGN_OR_RETURN(table::Item item, mapping_.ToItem(batch, row));
    TAILRACE_ASSIGN_OR_RETURN(const table::Key key, table::KeyOf(item, options_.key));
    TAILRACE_TRY(table::EncodeKey(key, options_.key));
    const size_t bytes = table::ItemBytes(item);
    if (bytes > table::kItemBytesMax) {
      return Error{ErrorCode::kInvalidArgument, StrCat("item of ", bytes, " bytes, at most ", table::kItemBytesMax)};
    }
    return item;
  }

  Status WriteRows(const data::Batch& batch, data::Ordinal first_ordinal, size_t begin, size_t end) {
    table::Changes changes;
    DeadLetters::Pending pending(environment_.dead_letters);
    for (size_t row = begin; row < end; ++row) {
      Result<table::Item> item = ToItem(batch, row);
      if (item.ok()) {
        changes.Put(config_.table, std::move(item).value());
      } else {
        pending.Add(MakeLetter(batch, row, first_ordinal + row, item.error().message));
      }
    }
    const data::Ordinal last = first_ordinal + end - 1;
    StoreLastOrdinal(changes, config_.name, last);
    pending.AppendTo(changes);
    TAILRACE_TRY(environment_.tables.Apply(changes));
    pending.Commit();
    rows_written_.Add(end - begin - pending.size());
    last_ordinal_ = last;
    return Ok();
  }

  DeadLetter MakeLetter(const data::Batch& batch, size_t row, data::Ordinal ordinal, std::string reason) const {
    DeadLetter letter{.id = {.sink = config_.name, .ordinal = ordinal}, .reason = std::move(reason)};
    row_writer_.Append(letter.row_json, batch, row);
    if (!origin_) return letter;
    if (std::optional<RowOrigin> origin = origin_(ordinal)) {
      letter.bytes = std::move(origin->bytes);
      letter.shard = origin->shard;
      letter.sequence = origin->sequence;
    }
    return letter;
  }

  const TableSinkConfig config_;
  const table::TableOptions options_;
  const ItemMapping mapping_;
  Environment& environment_;
  const OriginLookup origin_;
  const data::RowWriter row_writer_;
  Counter& rows_written_;
  data::Ordinal last_ordinal_;
};

// A mapping must make both key attributes.
Status CheckKey(const TableSinkConfig& config, const table::KeySchema& key) {
  std::vector<std::string> names;
  for (const AttributeRule& rule : config.item) names.push_back(rule.name);
  if (config.item.empty()) {
    for (const data::Field& field : config.schema.fields) names.push_back(field.name);
  }
  const auto check = [&](const table::KeyAttribute& attribute) -> Status {
    if (std::ranges::find(names, attribute.name) != names.end()) return Ok();
    return Error{ErrorCode::kInvalidArgument, StrCat("sink \"", config.name, "\": nothing makes the key attribute \"",
                                                     attribute.name, "\" of table \"", config.table, "\"")};
  };
  TAILRACE_TRY(check(key.hash));
  return key.range.has_value() ? check(*key.range) : Ok();
}

}  // namespace

Result<std::unique_ptr<RedrivableSink>> MakeTableSink(const TableSinkConfig& config, Environment& environment,
                                                      OriginLookup origin) {
  TAILRACE_ASSIGN_OR_RETURN(const table::TableDescription table, environment.tables.Describe(config.table));
  TAILRACE_TRY(CheckKey(config, table.options.key));
  ItemMapping mapping = ItemMapping::Identity(config.schema);
  if (!config.item.empty()) {
    TAILRACE_ASSIGN_OR_RETURN(mapping, ItemMapping::Make(config.schema, config.item));
  }
  TAILRACE_ASSIGN_OR_RETURN(const data::Ordinal last, LoadLastOrdinal(environment.tables, config.name));
  return std::unique_ptr<RedrivableSink>(
      std::make_unique<TableSink>(config, table.options, std::move(mapping), environment, std::move(origin), last));
}

}  // namespace tailrace::sink
