#include "api/kinesis/settings.h"

#include "base/str.h"

// Label names: "kinesis/tag/KEY", "kinesis/mode", "kinesis/key", "kinesis/metrics", "kinesis/policy", "kinesis/warm",
// "kinesis/consumer/NAME/created", ".../policy", ".../tag/KEY". Consumers' names hold no slash; keys of tags may.
namespace tailrace::api::kinesis {
namespace {

constexpr std::string_view kPrefix = "kinesis/";
constexpr std::string_view kTag = "tag/";
constexpr std::string_view kConsumer = "consumer/";

void TakeConsumer(StreamSettings& settings, std::string_view name, const std::string& value) {
  const size_t slash = name.find('/');
  if (slash == std::string_view::npos) return;
  Consumer& consumer = settings.consumers[std::string(name.substr(0, slash))];
  const std::string_view rest = name.substr(slash + 1);
  if (rest == "created") {
    consumer.created = FromUnixMs(ParseInt64(value).value_or(0));
  } else if (rest == "policy") {
    consumer.policy = value;
  } else if (rest.starts_with(kTag)) {
    consumer.tags.emplace(rest.substr(kTag.size()), value);
  }
}

}  // namespace

StreamSettings StreamSettings::FromLabels(const std::map<std::string, std::string>& labels) {
  StreamSettings settings;
  for (const auto& [label, value] : labels) {
    if (!label.starts_with(kPrefix)) continue;
    const std::string_view name = std::string_view(label).substr(kPrefix.size());
    if (name.starts_with(kTag)) {
      settings.tags.emplace(name.substr(kTag.size()), value);
    } else if (name.starts_with(kConsumer)) {
      TakeConsumer(settings, name.substr(kConsumer.size()), value);
    } else if (name == "mode") {
      settings.on_demand = value == "ON_DEMAND";
    } else if (name == "key") {
      settings.key_id = value;
    } else if (name == "metrics") {
      for (const std::string_view metric : Split(value, ',')) settings.metrics.emplace_back(metric);
    } else if (name == "policy") {
      settings.policy = value;
    } else if (name == "warm") {
      settings.warm_throughput_mibps = ParseInt64(value).value_or(0);
    }
  }
  return settings;
}

void StreamSettings::ToLabels(std::map<std::string, std::string>& labels) const {
  std::erase_if(labels, [](const auto& label) { return label.first.starts_with(kPrefix); });
  const auto set = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) labels[StrCat(kPrefix, name)] = value;
  };
  for (const auto& [key, value] : tags) labels[StrCat(kPrefix, kTag, key)] = value;
  if (on_demand) set("mode", "ON_DEMAND");
  set("key", key_id);
  set("metrics", Join(metrics, ","));
  set("policy", policy);
  if (warm_throughput_mibps > 0) set("warm", StrCat(warm_throughput_mibps));
  for (const auto& [name, consumer] : consumers) {
    const std::string prefix = StrCat(kConsumer, name, "/");
    set(prefix + "created", StrCat(ToUnixMs(consumer.created)));
    set(prefix + "policy", consumer.policy);
    for (const auto& [key, value] : consumer.tags) labels[StrCat(kPrefix, prefix, kTag, key)] = value;
  }
}

}  // namespace tailrace::api::kinesis
