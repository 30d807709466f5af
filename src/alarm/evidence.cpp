#include "alarm/evidence.h"

#include <boost/json.hpp>

#include "base/str.h"

namespace tailrace::alarm {

namespace json = boost::json;

std::string EvidenceToJson(const Evidence& evidence) {
  json::array ranges;
  for (const EvidenceRange& range : evidence.ranges) {
    ranges.push_back(
        json::object{{"stream", range.stream}, {"shard", range.shard}, {"first", range.first}, {"last", range.last}});
  }
  json::array records;
  for (const EvidenceRecord& record : evidence.records) {
    records.push_back(json::object{{"stream", record.stream},
                                   {"shard", record.shard},
                                   {"sequence", record.sequence},
                                   {"arrival", ToUnixMs(record.arrival)},
                                   {"data", record.data},
                                   {"cut", record.cut}});
  }
  return json::serialize(json::object{{"program", evidence.program},
                                      {"from", ToUnixMs(evidence.from)},
                                      {"to", ToUnixMs(evidence.to)},
                                      {"bounded", evidence.bounded},
                                      {"ranges", std::move(ranges)},
                                      {"records", std::move(records)},
                                      {"row", evidence.row_json}});
}

Result<Evidence> EvidenceFromJson(const std::string& text) {
  try {
    const json::object body = json::parse(text).as_object();
    Evidence evidence{.program = json::value_to<std::string>(body.at("program")),
                      .from = FromUnixMs(body.at("from").to_number<int64_t>()),
                      .to = FromUnixMs(body.at("to").to_number<int64_t>()),
                      .bounded = body.at("bounded").as_bool(),
                      .row_json = json::value_to<std::string>(body.at("row"))};
    for (const json::value& each : body.at("ranges").as_array()) {
      evidence.ranges.push_back({.stream = json::value_to<std::string>(each.at("stream")),
                                 .shard = each.at("shard").to_number<uint32_t>(),
                                 .first = each.at("first").to_number<uint64_t>(),
                                 .last = each.at("last").to_number<uint64_t>()});
    }
    for (const json::value& each : body.at("records").as_array()) {
      evidence.records.push_back({.stream = json::value_to<std::string>(each.at("stream")),
                                  .shard = each.at("shard").to_number<uint32_t>(),
                                  .sequence = each.at("sequence").to_number<uint64_t>(),
                                  .arrival = FromUnixMs(each.at("arrival").to_number<int64_t>()),
                                  .data = json::value_to<std::string>(each.at("data")),
                                  .cut = each.at("cut").as_bool()});
    }
    return evidence;
  } catch (const std::exception& exception) {
    return Error{ErrorCode::kCorruption, StrCat("evidence of an alarm: ", exception.what())};
  }
}

}  // namespace tailrace::alarm
