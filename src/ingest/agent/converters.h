#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/net.h"
#include "base/result.h"
#include "ingest/agent/agent_config.h"

// dataProcessingOptions: what becomes of a record before it is sent. Source: docs/agent.md.

namespace tailrace::ingest {

// What ADDEC2METADATA adds. A field that is not known is empty and becomes null.
struct Ec2Metadata {
  std::string private_ip, availability_zone, instance_id, instance_type, account_id, image_id, region;
  std::vector<std::pair<std::string, std::string>> tags;  // Keys in lower case.
};

// Where it comes from. Fetch may block for some seconds; it is called once a time to live.
class Ec2MetadataSource {
 public:
  virtual ~Ec2MetadataSource() = default;
  virtual Result<Ec2Metadata> Fetch() = 0;
};

// Asks the instance metadata service, version 2. Source: Amazon EC2 user guide, "Use instance metadata".
class InstanceMetadataService final : public Ec2MetadataSource {
 public:
  // `net` is borrowed. `endpoint` is "http://169.254.169.254" on EC2.
  InstanceMetadataService(Net& net, std::string endpoint);
  Result<Ec2Metadata> Fetch() override;

 private:
  Result<std::string> Get(const std::string& path, const std::string& token);
  Net& net_;
  const std::string endpoint_;
};

// One conversion. Threads: one owner; it keeps scratch memory.
class Converter {
 public:
  enum class Outcome : uint8_t {
    kConverted,  // `output` is the new record.
    kSkipped,    // The record is not of the configured form; it is not sent. `reason` says why.
    kFailed,     // The record could not be converted; the raw bytes are sent instead. `reason` says why.
  };
  virtual ~Converter() = default;
  // Input: valid UTF-8. `output` and `reason` are empty on entry.
  virtual Outcome Convert(std::string_view record, std::string& output, std::string& reason) = 0;
};

// All options of a flow, in order.
class ConverterChain {
 public:
  // `clock` and `metadata` (may be null: then the fields are null) are borrowed.
  // Errors: kInvalidArgument: a pattern or delimiter is no regular expression.
  static Result<ConverterChain> Make(const FlowConfig& flow, const Clock& clock, Ec2MetadataSource* metadata);

  // Records go out exactly as they stand in the file.
  bool passthrough() const { return converters_.empty() && encoding_ == SourceEncoding::kUtf8; }
  // The same record may convert to other bytes at another time.
  bool depends_on_time() const { return depends_on_time_; }

  // Converts one record; on kConverted `output` views its bytes until the next call. On kFailed the raw record is to be
  // sent. `reason` is set unless kConverted.
  Converter::Outcome Convert(std::string_view record, std::string_view& output, std::string& reason);

 private:
  std::vector<std::unique_ptr<Converter>> converters_;
  SourceEncoding encoding_ = SourceEncoding::kUtf8;
  bool depends_on_time_ = false;
  std::string from_, to_;  // Scratch.
};

// ISO 8859-1 to UTF-8.
std::string Latin1ToUtf8(std::string_view bytes);

}  // namespace tailrace::ingest
