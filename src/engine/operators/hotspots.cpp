#include "engine/operators/hotspots.h"

#include <algorithm>
#include <cmath>

#include "data/text.h"
#include "engine/sliding_cells.h"
#include "engine/state.h"

namespace tailrace::engine {
namespace {

double RadiusOf(const data::Value& value) {
  const auto* whole = std::get_if<int64_t>(&value.data);
  return whole != nullptr ? static_cast<double>(*whole) : value.float64();
}

void AppendNumbers(std::string& json, const std::vector<double>& numbers) {
  json += '[';
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (i > 0) json += ',';
    json += data::DoubleToText(numbers[i]);
  }
  json += ']';
}

}  // namespace

Hotspots::Hotspots(const sql::TableFunction& plan, const data::Schema& output)
    : plan_(plan),
      output_(output),
      window_(static_cast<size_t>(plan.args[0].int64())),
      radius_(RadiusOf(plan.args[1])),
      points_min_(static_cast<size_t>(plan.args[2].int64())) {}

Status Hotspots::OnBatch(size_t /*input*/, const data::Batch& batch, Emitter& out) {
  auto results = std::make_shared<data::Column>(output_.fields.back().type);
  for (size_t row = 0; row < batch.rows(); ++row) {
    std::vector<double> values;
    for (const int index : plan_.columns) {
      const data::Column& column = *batch.columns[static_cast<size_t>(index)];
      if (column.null(row) || !std::isfinite(NumberOf(column, row))) break;
      values.push_back(NumberOf(column, row));
    }
    if (values.size() < plan_.columns.size()) {
      results->AppendText("{\"hotspots\":[]}");
      continue;
    }
    Add(std::move(values));
    results->AppendText(Json());
  }
  data::Batch rows = batch;
  rows.columns.push_back(std::move(results));
  return out.Emit(rows);
}

void Hotspots::Add(std::vector<double> values) {
  const auto place = static_cast<uint32_t>(count_ % window_);
  if (points_.size() < window_) {
    points_.emplace_back();
  } else {
    Remove(place);
  }
  Point& point = points_[place];
  point.values = std::move(values);
  for (uint32_t other = 0; other < points_.size(); ++other) {
    if (other == place) continue;
    double squares = 0;
    for (size_t i = 0; i < point.values.size(); ++i) {
      const double distance = point.values[i] - points_[other].values[i];
      squares += distance * distance;
    }
    if (squares > radius_ * radius_) continue;
    point.neighbours.push_back(other);
    points_[other].neighbours.push_back(place);
  }
  ++count_;
}

void Hotspots::Remove(uint32_t place) {
  for (const uint32_t other : points_[place].neighbours) std::erase(points_[other].neighbours, place);
  points_[place].neighbours.clear();
}

// The point's own cluster when it is a core; else those of the cores within its radius.
std::vector<std::vector<uint32_t>> Hotspots::ClustersAround(uint32_t place) const {
  std::vector<uint32_t> starts;
  if (IsCore(place)) {
    starts.push_back(place);
  } else {
    for (const uint32_t other : points_[place].neighbours) {
      if (IsCore(other)) starts.push_back(other);
    }
    std::ranges::sort(starts);
  }
  std::vector<std::vector<uint32_t>> clusters;
  std::vector<bool> core_seen(points_.size());
  for (const uint32_t start : starts) {
    if (core_seen[start]) continue;
    std::vector<bool> member(points_.size());
    std::vector<uint32_t> cluster{start};
    member[start] = core_seen[start] = true;
    for (size_t next = 0; next < cluster.size(); ++next) {
      if (!IsCore(cluster[next])) continue;  // A border point leads no further.
      for (const uint32_t other : points_[cluster[next]].neighbours) {
        if (member[other]) continue;
        member[other] = true;
        if (IsCore(other)) core_seen[other] = true;
        cluster.push_back(other);
      }
    }
    clusters.push_back(std::move(cluster));
  }
  return clusters;
}

std::string Hotspots::Json() const {
  std::string json = "{\"hotspots\":[";
  bool first = true;
  for (const std::vector<uint32_t>& cluster : ClustersAround(static_cast<uint32_t>((count_ - 1) % window_))) {
    std::vector<double> low = points_[cluster[0]].values;
    std::vector<double> high = low;
    for (const uint32_t place : cluster) {
      for (size_t i = 0; i < low.size(); ++i) {
        low[i] = std::min(low[i], points_[place].values[i]);
        high[i] = std::max(high[i], points_[place].values[i]);
      }
    }
    double volume = 1;
    for (size_t i = 0; i < low.size(); ++i) volume *= high[i] > low[i] ? high[i] - low[i] : radius_;
    json += first ? "{\"density\":" : ",{\"density\":";
    first = false;
    json += data::DoubleToText(static_cast<double>(cluster.size()) / volume);
    json += ",\"minValues\":";
    AppendNumbers(json, low);
    json += ",\"maxValues\":";
    AppendNumbers(json, high);
    json += '}';
  }
  return json + "]}";
}

Status Hotspots::OnBound(size_t /*input*/, int64_t bound, Emitter& out) { return out.EmitBound(bound); }

uint64_t Hotspots::StateBytes() const {
  uint64_t bytes = 0;
  for (const Point& point : points_) {
    bytes += sizeof(Point) + point.values.size() * sizeof(double) + point.neighbours.size() * sizeof(uint32_t);
  }
  return bytes;
}

// The records in order; who is near whom follows from them.
void Hotspots::Save(ByteWriter& writer) const {
  writer.U64(count_);
  writer.U64(points_.size());
  for (size_t i = 0; i < points_.size(); ++i) {
    const size_t place = points_.size() < window_ ? i : (count_ + i) % window_;
    for (const double value : points_[place].values) writer.F64(value);
  }
}

Status Hotspots::Load(ByteReader& reader) {
  points_.clear();
  TAILRACE_ASSIGN_OR_RETURN(const uint64_t count, reader.U64());
  TAILRACE_ASSIGN_OR_RETURN(const size_t points, LoadCount(reader, sizeof(double)));
  if (points != std::min<uint64_t>(count, window_)) return CorruptState("a window of another size");
  std::vector<std::vector<double>> records(points);
  for (std::vector<double>& values : records) {
    for (size_t i = 0; i < plan_.columns.size(); ++i) {
      TAILRACE_ASSIGN_OR_RETURN(const double value, reader.F64());
      if (!std::isfinite(value)) return CorruptState("a record of no numbers");
      values.push_back(value);
    }
  }
  points_.resize(points);
  for (size_t i = 0; i < points; ++i) points_[(count - points + i) % window_].values = std::move(records[i]);
  for (uint32_t a = 0; a < points; ++a) {
    for (uint32_t b = 0; b < points; ++b) {
      double squares = 0;
      for (size_t i = 0; i < points_[a].values.size(); ++i) {
        const double distance = points_[a].values[i] - points_[b].values[i];
        squares += distance * distance;
      }
      if (a != b && squares <= radius_ * radius_) points_[a].neighbours.push_back(b);
    }
  }
  count_ = count;
  return Ok();
}

}  // namespace tailrace::engine
