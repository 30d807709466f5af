#include "base/metrics.h"

#include <algorithm>

#include "base/check.h"
#include "base/str.h"

namespace tailrace {
namespace {

std::string EscapeLabel(std::string_view value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

std::string LabelText(const Labels& labels) {
  if (labels.empty()) return "";
  std::string text = "{";
  for (const auto& [name, value] : labels) {
    if (text.size() > 1) text += ',';
    text += name + "=\"" + EscapeLabel(value) + "\"";
  }
  return text + "}";
}

}  // namespace

MetricsRegistry::Series& MetricsRegistry::Find(std::string_view name, std::string_view help, Labels labels, Kind kind) {
  const std::lock_guard lock(mutex_);
  for (Series& series : series_) {
    if (series.name == name && series.labels == labels) {
      TAILRACE_CHECK(series.kind == kind);
      return series;
    }
  }
  Series& series = series_.emplace_back();
  series.name = name;
  series.help = help;
  series.labels = std::move(labels);
  series.kind = kind;
  return series;
}

Counter& MetricsRegistry::GetCounter(std::string_view name, std::string_view help, Labels labels) {
  return Find(name, help, std::move(labels), Kind::kCounter).counter;
}

Gauge& MetricsRegistry::GetGauge(std::string_view name, std::string_view help, Labels labels) {
  return Find(name, help, std::move(labels), Kind::kGauge).gauge;
}

std::string MetricsRegistry::ToPrometheusText() const {
  const std::lock_guard lock(mutex_);
  std::vector<const Series*> sorted;
  for (const Series& series : series_) sorted.push_back(&series);
  std::ranges::sort(sorted, [](const Series* a, const Series* b) {
    return std::tie(a->name, a->labels) < std::tie(b->name, b->labels);
  });
  std::string text;
  std::string_view last_name;
  for (const Series* series : sorted) {
    const bool counter = series->kind == Kind::kCounter;
    if (series->name != last_name) {
      text += StrCat("# HELP ", series->name, " ", series->help, "\n# TYPE ", series->name,
                     counter ? " counter\n" : " gauge\n");
      last_name = series->name;
    }
    text += series->name + LabelText(series->labels) + " ";
    text += counter ? StrCat(series->counter.value()) : StrCat(series->gauge.value());
    text += '\n';
  }
  return text;
}

double MetricsRegistry::Read(std::string_view name, const Labels& labels) const {
  const std::lock_guard lock(mutex_);
  for (const Series& series : series_) {
    if (series.name != name || series.labels != labels) continue;
    return series.kind == Kind::kCounter ? static_cast<double>(series.counter.value()) : series.gauge.value();
  }
  return 0;
}

}  // namespace tailrace
