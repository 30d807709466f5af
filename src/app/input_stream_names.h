#pragma once

#include <string>
#include <vector>

#include "ingest/formats/input_schema.h"

namespace tailrace::app {

// One in-application input stream.
struct NamedInput {
  std::string stream;                         // "SOURCE_SQL_STREAM_001"
  const ingest::InputDefinition* definition;  // Borrowed from the list of inputs.
};

// All in-application input streams of the inputs, in order: PREFIX_001 to PREFIX_nnn each.
inline std::vector<NamedInput> InputStreams(const std::vector<ingest::InputDefinition>& inputs) {
  std::vector<NamedInput> streams;
  for (const ingest::InputDefinition& input : inputs) {
    for (int64_t index = 1; index <= input.parallelism; ++index) {
      streams.push_back({ingest::InputStreamName(input.name_prefix, index), &input});
    }
  }
  return streams;
}

}  // namespace tailrace::app
