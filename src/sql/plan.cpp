#include "sql/plan.h"

namespace tailrace::sql {

int BoundProgram::FindStream(std::string_view name) const {
  for (size_t index = 0; index < streams.size(); ++index) {
    if (streams[index].name == name) return static_cast<int>(index);
  }
  return -1;
}

std::string_view AggregateName(AggregateKind kind) {
  switch (kind) {
    case AggregateKind::kCountStar:
    case AggregateKind::kCount:
      return "COUNT";
    case AggregateKind::kSum:
      return "SUM";
    case AggregateKind::kAvg:
      return "AVG";
    case AggregateKind::kMin:
      return "MIN";
    case AggregateKind::kMax:
      return "MAX";
    case AggregateKind::kStddevPop:
      return "STDDEV_POP";
    case AggregateKind::kStddevSamp:
      return "STDDEV_SAMP";
    case AggregateKind::kVarPop:
      return "VAR_POP";
    case AggregateKind::kVarSamp:
      return "VAR_SAMP";
    case AggregateKind::kAny:
      return "ANY";
    case AggregateKind::kEvery:
      return "EVERY";
    case AggregateKind::kFirstValue:
      return "FIRST_VALUE";
    case AggregateKind::kLastValue:
      return "LAST_VALUE";
    case AggregateKind::kNthValue:
      return "NTH_VALUE";
    case AggregateKind::kLag:
      return "LAG";
    case AggregateKind::kExpAvg:
      return "EXP_AVG";
  }
  return "";
}

const std::vector<data::Field>& MetadataFields() {
  static const std::vector<data::Field> kFields = {
      {.name = "APPROXIMATE_ARRIVAL_TIME", .type = data::Type::Timestamp()},
      {.name = "SHARD_ID", .type = data::Type::Varchar(128)},
      {.name = "SEQUENCE_NUMBER", .type = data::Type::Varchar(128)},
      {.name = "PARTITION_KEY", .type = data::Type::Varchar(256)},
  };
  return kFields;
}

const data::Schema& ErrorStreamSchema() {
  static const data::Schema kSchema = {{
      {.name = "ERROR_TIME", .type = data::Type::Timestamp()},
      {.name = "ERROR_LEVEL", .type = data::Type::Varchar(10)},
      {.name = "ERROR_NAME", .type = data::Type::Varchar(32)},
      {.name = "MESSAGE", .type = data::Type::Varchar(4096)},
      {.name = "DATA_ROWTIME", .type = data::Type::Timestamp()},
      {.name = "DATA_ROW", .type = data::Type::Varchar(49'152)},
      {.name = "PUMP_NAME", .type = data::Type::Varchar(128)},
  }};
  return kSchema;
}

}  // namespace tailrace::sql
