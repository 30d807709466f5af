#include "ingest/metrics/prometheus_text.h"

#include <optional>

#include "base/str.h"

namespace tailrace::ingest {
namespace {

// One line from left to right.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : rest_(line) {}

  std::optional<MetricSample> Read() {
    MetricSample sample{.name = Until("{ ")};
    if (sample.name.empty() || sample.name.front() == '#') return std::nullopt;
    if (Take('{') && !ReadLabels(sample)) return std::nullopt;
    const auto value = ParseDouble(Trim(rest_));
    if (!value.has_value()) return std::nullopt;
    sample.value = *value;
    return sample;
  }

 private:
  std::string Until(std::string_view ends) {
    const size_t size = std::min(rest_.find_first_of(ends), rest_.size());
    std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    return text;
  }

  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool ReadLabels(MetricSample& sample) {
    while (!Take('}')) {
      std::string name = Until("=");
      if (!Take('=') || !Take('"')) return false;
      auto value = ReadQuoted();
      if (!value.has_value()) return false;
      sample.labels.emplace_back(std::move(name), *std::move(value));
      Take(',');
    }
    return true;
  }

  // What stands before the closing quote, which is taken too.
  std::optional<std::string> ReadQuoted() {
    std::string text;
    while (!rest_.empty()) {
      if (Take('"')) return text;
      const bool escaped = Take('\\');
      if (rest_.empty()) break;
      text += escaped && rest_.front() == 'n' ? '\n' : rest_.front();
      rest_.remove_prefix(1);
    }
    return std::nullopt;
  }

  std::string_view rest_;
};

}  // namespace

std::vector<MetricSample> ParsePrometheusText(std::string_view text) {
  std::vector<MetricSample> samples;
  for (const std::string_view line : Split(text, '\n')) {
    auto sample = LineReader(line).Read();
    if (sample.has_value()) samples.push_back(*std::move(sample));
  }
  return samples;
}

}  // namespace tailrace::ingest
