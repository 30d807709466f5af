#pragma once

#include <span>
#include <string>
#include <vector>

#include "ingest/agent/agent_config.h"

// The rows behind GlobalKeys(), FlowKeys() and ProcessingKeys(): each key once, with the place its value goes to.

namespace tailrace::ingest {

// A value that passed the checks of its key; the member of its kind is set.
struct KeyValue {
  int64_t integer = 0;
  bool boolean = false;
  std::string text;  // kChoice: in capital letters.
  std::vector<std::string> list;
  const JsonNode* node = nullptr;
};

template <typename Target>
struct KeyRow {
  AgentKey key;
  void (*store)(Target& target, const KeyValue& value) = nullptr;  // Null: accepted, without effect here.
};

// A flow while it is read.
struct FlowDraft {
  FlowConfig flow;
  const JsonNode* processing = nullptr;
};

// An entry of dataProcessingOptions while it is read.
struct ProcessingDraft {
  std::string option_name;
  std::vector<std::string> field_names;
  std::string delimiter = ",";
  CsvMode csv_mode = CsvMode::kRfc4180;
  JsonStyle style = JsonStyle::kCompact;
  LogFormat log_format = LogFormat::kCommonApache;
  std::string match_pattern;
  bool trim = true;
  bool escape_new_line = false;
  JsonNode metadata;
  bool timestamp = false;
  std::chrono::seconds metadata_time_to_live{3600};
};

std::span<const KeyRow<AgentConfig>> GlobalRows();
std::span<const KeyRow<FlowDraft>> FlowRows();
std::span<const KeyRow<ProcessingDraft>> ProcessingRows();

}  // namespace tailrace::ingest
