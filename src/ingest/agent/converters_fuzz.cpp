#include <array>
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "base/str.h"
#include "ingest/agent/converters.h"
#include "ingest/agent/csv.h"

// The first byte chooses the conversion, the rest is the record. Whatever a JSON converter makes is valid JSON.

namespace {

class FixedClock final : public tailrace::Clock {
 public:
  tailrace::Timestamp Now() const override { return tailrace::FromUnixMs(1); }
  std::chrono::nanoseconds Monotonic() const override { return {}; }
};

tailrace::ingest::FlowConfig FlowWith(tailrace::ingest::ProcessingOption option) {
  tailrace::ingest::FlowConfig flow;
  flow.processing.push_back(std::move(option));
  return flow;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tailrace;
  using namespace tailrace::ingest;
  if (size == 0) return 0;
  static const std::array<ProcessingOption, 9> options = {
      CsvToJsonOption{.field_names = {"a", "b", "c"}},
      CsvToJsonOption{.field_names = {"a", "b", "c"}, .mode = CsvMode::kNaive},
      CsvToJsonOption{.field_names = {"a", "b", "c"}, .delimiter = "\\s*;|x"},
      LogToJsonOption{.format = LogFormat::kCommonApache},
      LogToJsonOption{.format = LogFormat::kCombinedApache, .style = JsonStyle::kPretty},
      LogToJsonOption{.format = LogFormat::kApacheError},
      LogToJsonOption{.format = LogFormat::kSyslog},
      LogToJsonOption{.format = LogFormat::kRfc3339Syslog},
      AddEc2MetadataOption{},
  };
  const FixedClock clock;
  auto chain = ConverterChain::Make(FlowWith(options[data[0] % options.size()]), clock, nullptr);
  TAILRACE_CHECK(chain.ok());
  const std::string_view record(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::string_view output;
  std::string reason;
  if (chain->Convert(record, output, reason) == Converter::Outcome::kConverted) {
    TAILRACE_CHECK(output.ends_with('\n') && ReadJson(output).has_value());
  }
  const size_t length = CsvRecordLength(record, ",");
  TAILRACE_CHECK(length <= record.size() && (length == 0 || record[length - 1] == '\n'));
  return 0;
}
