#pragma once

#include <string>
#include <vector>

#include "app/config.h"
#include "app/yaml_reader.h"

// The sections of the definition file, each read in its own file. Only config_reader.cpp calls these.
namespace tailrace::app {

struct SectionDocument {
  std::string title;  // "streams.NAME"
  std::string summary;
  std::vector<KeyDocument> keys;
};

void ReadStreams(const YamlValue& section, ApplicationConfig& config);
void ReadDeliveryStreams(const YamlValue& section, ApplicationConfig& config);
void ReadInputs(const YamlValue& section, ApplicationConfig& config);
void ReadReferenceTables(const YamlValue& section, ApplicationConfig& config);
void ReadTables(const YamlValue& section, ApplicationConfig& config);
void ReadOutputs(const YamlValue& section, ApplicationConfig& config);
void ReadAlarms(const YamlValue& section, ApplicationConfig& config);
void ReadTargets(const YamlValue& section, ApplicationConfig& config);

// A bucket, with what the environment has for every program that uses S3 (AWS_ACCESS_KEY_ID ...) where it names
// nothing.
sink::delivery::S3StoreConfig ReadBucket(const YamlValue& section);

// Puts parameters' values into the texts of alarms, where they stand as ${name}.
void FillInParameters(ApplicationConfig& config);

std::vector<SectionDocument> InputSectionDocuments();
std::vector<SectionDocument> DeliverySectionDocuments();
std::vector<SectionDocument> OutputSectionDocuments();
std::vector<SectionDocument> AlarmSectionDocuments();

}  // namespace tailrace::app
