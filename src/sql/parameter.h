#pragma once

#include <string>

namespace tailrace::sql {

// A named value of the program: ":threshold" in the text stands for it, as if it were written there.
struct Parameter {
  std::string name;  // Compared without regard to case.
  std::string text;  // "30", "-0.5" for a number; the characters of a text.
  bool number = false;

  bool operator==(const Parameter&) const = default;
};

}  // namespace tailrace::sql
