#include <algorithm>
#include <iterator>

#include "app/config_kafka.h"
#include "app/config_sections.h"
#include "base/str.h"

namespace tailrace::app {
namespace {

constexpr std::string_view kOutputFormats[] = {"json", "csv"};
constexpr std::string_view kNullTexts[] = {"json", "text", "omit"};

// "CustomerID NUMBER".
std::pair<std::string, AttributeKind> ReadKeyAttribute(const YamlValue& value) {
  const std::string text = value.Text();
  const size_t blank = text.rfind(' ');
  const std::string kind = blank == std::string::npos ? "" : AsciiUpper(Trim(std::string_view(text).substr(blank)));
  if (kind != "STRING" && kind != "NUMBER") {
    value.Fail(StrCat(value.path(), ": '", text, "' is not NAME STRING or NAME NUMBER"));
    return {text, AttributeKind::kString};
  }
  return {std::string(Trim(std::string_view(text).substr(0, blank))),
          kind == "NUMBER" ? AttributeKind::kNumber : AttributeKind::kString};
}

constexpr KeySpec<TableConfig> kTableKeys[] = {
    {{"key", "list of text", "[NAME STRING|NUMBER] or [HASH ..., RANGE ...]: what names an item.", true},
     [](const YamlValue& value, TableConfig& into) {
       const std::vector<YamlValue> items = value.Items();
       if (items.empty() || items.size() > 2) {
         value.Fail(StrCat(value.path(), " names one or two attributes, here ", items.size()));
         return;
       }
       into.hash_key = ReadKeyAttribute(items[0]);
       if (items.size() == 2) into.range_key = ReadKeyAttribute(items[1]);
     }},
    {{"ttl", "text", "Attribute with the time of death in epoch seconds; items stay when not given."},
     [](const YamlValue& value, TableConfig& into) { into.ttl_attribute = value.Text(); }},
};

constexpr std::string_view kItemForms[] = {"string", "number", "boolean", "binary"};

// A text, or {number: text} and the like, with optional: true beside it.
ItemAttribute ReadItemAttribute(const std::string& name, const YamlValue& value) {
  ItemAttribute attribute{.rule = {.name = name}, .place = value.place()};
  if (!value.is_map()) {
    attribute.rule.source = value.Text();
    return attribute;
  }
  size_t forms = 0;
  for (const auto& [form, text] : value.Entries()) {
    if (form == "optional") {
      attribute.rule.optional = text.Boolean(false);
      continue;
    }
    const auto found = std::ranges::find(kItemForms, form);
    if (found == std::end(kItemForms)) {
      text.Fail(StrCat(value.path(), ": '", form, "' is not one of string, number, boolean, binary, optional"));
      continue;
    }
    ++forms;
    attribute.rule.source = text.Text();
    using enum sink::AttributeType;
    attribute.rule.type = form == "string"    ? kString
                          : form == "number"  ? kNumber
                          : form == "boolean" ? kBoolean
                                              : kBinary;
  }
  if (forms != 1) value.Fail(StrCat(value.path(), " needs one of string, number, boolean, binary; here are ", forms));
  return attribute;
}

data::NullStyle ReadNulls(const YamlValue& value) {
  return data::ParseNullStyle(value.OneOf(kNullTexts, "json")).value_or(data::NullStyle::kJson);
}

// All keys that an output may have; which of them belong together is checked afterwards.
struct OutputKeys {
  std::string from;
  std::string table;
  std::string alarm;
  std::string stream;
  std::string delivery_stream;
  std::string file;
  std::optional<KafkaOutput> kafka;
  std::optional<std::vector<ItemAttribute>> item;
  std::optional<data::OutputFormat> format;
  std::optional<data::NullStyle> nulls;
};

constexpr KeySpec<OutputKeys> kOutputKeys[] = {
    {{"from", "text", "In-application stream whose rows go out; exact case, as created.", true},
     [](const YamlValue& value, OutputKeys& into) { into.from = value.Text(); }},
    {{"table", "text", "Write every row as an item of this table; needs item."},
     [](const YamlValue& value, OutputKeys& into) { into.table = value.Text(); }},
    {{"item", "map of template",
      "Attributes of the item: a column, a function of one (trim, ltrim, rtrim, upper, lower), or a text with "
      "${COLUMN} in it; {number: ..}, {string: ..}, {boolean: ..} or {binary: ..} set the type, optional: true leaves "
      "the attribute out when the value is NULL."},
     [](const YamlValue& value, OutputKeys& into) {
       into.item.emplace();
       for (const auto& [name, text] : value.Entries()) into.item->push_back(ReadItemAttribute(name, text));
     }},
    {{"alarm", "text", "Let every row drive this alarm."},
     [](const YamlValue& value, OutputKeys& into) { into.alarm = value.Text(); }},
    {{"stream", "text", "Append every row to this stream."},
     [](const YamlValue& value, OutputKeys& into) { into.stream = value.Text(); }},
    {{"delivery_stream", "text", "Put every row to this delivery stream."},
     [](const YamlValue& value, OutputKeys& into) { into.delivery_stream = value.Text(); }},
    {{"file", "path", "Append every row to this file as one line."},
     [](const YamlValue& value, OutputKeys& into) { into.file = value.Text(); }},
    {{"kafka", "map", "Send every row to a Kafka topic."},
     [](const YamlValue& value, OutputKeys& into) { into.kafka = ReadKafkaOutput(value); }},
    {{"format", "text", "stream, delivery_stream, file and kafka: json (the default) or csv."},
     [](const YamlValue& value, OutputKeys& into) {
       into.format = data::ParseOutputFormat(value.OneOf(kOutputFormats, "json")).value_or(data::OutputFormat::kJson);
     }},
    {{"nulls", "text",
      "stream, delivery_stream, file and kafka: how SQL NULL is written. json: JSON null (the default). text: the word "
      "null for texts. omit: "
      "the member is left out."},
     [](const YamlValue& value, OutputKeys& into) { into.nulls = ReadNulls(value); }},
};

}  // namespace

std::string OutputConfig::Name() const {
  struct Kind {
    std::string operator()(const TableOutput& output) const { return StrCat("table ", output.table); }
    std::string operator()(const AlarmOutput& output) const { return StrCat("alarm ", output.alarm); }
    std::string operator()(const StreamOutput& output) const {
      return StrCat(output.to_delivery ? "delivery stream " : "stream ", output.stream);
    }
    std::string operator()(const FileOutput& output) const { return StrCat("file ", output.path); }
    std::string operator()(const KafkaOutput& output) const { return StrCat("kafka ", output.delivery.topic); }
  };
  return StrCat(from, " -> ", std::visit(Kind{}, to));
}

void ReadTables(const YamlValue& section, ApplicationConfig& config) {
  for (const auto& [name, value] : section.Entries()) {
    TableConfig table{.name = name, .place = value.place()};
    ReadSection<TableConfig>(value, kTableKeys, table);
    config.tables.push_back(std::move(table));
  }
}

void ReadOutputs(const YamlValue& section, ApplicationConfig& config) {
  for (const YamlValue& value : section.Items()) {
    OutputKeys keys;
    ReadSection<OutputKeys>(value, kOutputKeys, keys);
    OutputConfig output{.from = keys.from, .place = value.place()};
    const bool kafka = keys.kafka.has_value();
    const int kinds = !keys.table.empty() + !keys.alarm.empty() + !keys.stream.empty() + !keys.delivery_stream.empty() +
                      !keys.file.empty() + kafka;
    if (kinds != 1) {
      value.Fail(
          StrCat(value.path(), " needs one of table, alarm, stream, delivery_stream, file, kafka; here are ", kinds));
      continue;
    }
    const bool text_form = !keys.stream.empty() || !keys.delivery_stream.empty() || !keys.file.empty() || kafka;
    if (!text_form && (keys.format.has_value() || keys.nulls.has_value())) {
      value.Fail(StrCat(value.path(), ": format and nulls belong to stream, file and kafka outputs"));
    }
    if (keys.item.has_value() != !keys.table.empty()) {
      value.Fail(
          StrCat(value.path(), ": item belongs to a table output", keys.item.has_value() ? "" : " and is missing"));
    }
    if (!keys.table.empty()) {
      output.to = TableOutput{keys.table, std::move(keys.item).value_or(std::vector<ItemAttribute>())};
    } else if (!keys.alarm.empty()) {
      output.to = AlarmOutput{keys.alarm};
    } else {
      const data::OutputOptions options{.format = keys.format.value_or(data::OutputFormat::kJson),
                                        .nulls = keys.nulls.value_or(data::NullStyle::kJson)};
      if (kafka) {
        keys.kafka->options = options;
        output.to = *std::move(keys.kafka);
      } else if (keys.file.empty()) {
        const bool delivery = !keys.delivery_stream.empty();
        output.to = StreamOutput{delivery ? keys.delivery_stream : keys.stream, delivery, options};
      } else {
        output.to = FileOutput{keys.file, options};
      }
    }
    const bool repeated =
        std::ranges::any_of(config.outputs, [&](const auto& other) { return other.Name() == output.Name(); });
    if (repeated) value.Fail(StrCat(value.path(), ": the output ", output.Name(), " is given twice"));
    config.outputs.push_back(std::move(output));
  }
}

std::vector<SectionDocument> OutputSectionDocuments() {
  std::vector<SectionDocument> documents = {
      {"tables.NAME", "A keyed table. Made when it is not there yet.", DocumentKeys<TableConfig>(kTableKeys)},
      {"outputs",
       "A list: where the rows of in-application streams go. Each has from and one of table, alarm, stream, "
       "delivery_stream, file, kafka.",
       DocumentKeys<OutputKeys>(kOutputKeys)},
  };
  std::ranges::copy(KafkaOutputDocuments(), std::back_inserter(documents));
  return documents;
}

}  // namespace tailrace::app
