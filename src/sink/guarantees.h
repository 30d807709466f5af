#pragma once

#include <span>
#include <string_view>

namespace tailrace::sink {

// What a kind of output promises of each row or record around a crash or a lost answer. For the documentation.
struct Guarantee {
  std::string_view name;  // The key in the YAML.
  std::string_view promise;
};

// Of each kind under `outputs`, once; alarms are the alarm part's.
std::span<const Guarantee> OutputGuarantees();
// Of each destination of a delivery stream, once.
std::span<const Guarantee> DeliveryGuarantees();

}  // namespace tailrace::sink
