#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tailrace::ingest {

// One series and what it is at a moment.
struct MetricSample {
  std::string name;
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};

// The samples of a text as MetricsRegistry::ToPrometheusText writes it, in its order. Comments and lines of another
// form are left out.
// Source  Prometheus documentation, "Exposition formats", text format 0.0.4.
std::vector<MetricSample> ParsePrometheusText(std::string_view text);

}  // namespace tailrace::ingest
