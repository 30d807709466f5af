#pragma once

#include <span>
#include <string_view>

namespace tailrace::sink {

struct OptionNote {
  std::string_view name;
  std::string_view summary;
};

// One kind of sink, as the documentation and `tailrace check` know it.
struct SinkKind {
  std::string_view name;  // The key of an output that chooses it.
  std::string_view summary;
  std::string_view delivery;  // What happens to rows around a crash.
  std::span<const OptionNote> options;
};

// Every kind of sink of this part, once.
std::span<const SinkKind> SinkKinds();

}  // namespace tailrace::sink
