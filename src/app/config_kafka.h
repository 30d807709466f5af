#pragma once

#include "app/config_sections.h"
#include "ingest/kafka/kafka_source_config.h"

// The kafka maps of streams and of outputs. Their keys for the connection are the same.
namespace tailrace::app {

ingest::KafkaSourceConfig ReadKafkaSource(const YamlValue& section);
KafkaOutput ReadKafkaOutput(const YamlValue& section);
std::vector<SectionDocument> KafkaSourceDocuments();
std::vector<SectionDocument> KafkaOutputDocuments();

}  // namespace tailrace::app
