#include <algorithm>
#include <vector>

#include "api/aws/shape.h"
#include "base/str.h"

// The texts are those of the service's framework: tests of clients compare them.
namespace tailrace::api::aws {
namespace {

constexpr size_t kFaultsMax = 10;

// "StreamName" is "streamName" in messages.
std::string LowerFirst(std::string_view name) {
  std::string text(name);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

size_t LengthOf(const Value& value) { return value.kind() == Kind::kText ? Utf8Length(value.text()) : value.size(); }

std::string Printed(const Value& value, const Member& member) {
  switch (value.kind()) {
    case Kind::kNull:
      return "null";
    case Kind::kBoolean:
      return value.boolean() ? "true" : "false";
    case Kind::kInteger:
    case Kind::kTimestamp:
      return std::to_string(value.integer());
    case Kind::kReal:
      return StrCat(value.real());
    case Kind::kText:
      return std::string(value.text());
    case Kind::kBytes:
      return StrCat("java.nio.HeapByteBuffer[pos=0 lim=", value.size(), " cap=", value.size(), "]");
    case Kind::kList:
    case Kind::kMap:
      break;
  }
  if (member.type == Type::kStructure) return StrCat(member.printed, "@", fmt::format("{:x}", value.index()));
  const bool list = value.kind() == Kind::kList;
  std::string text(list ? "[" : "{");
  bool first = true;
  for (auto at = value.begin(); at != value.end(); ++at) {
    if (!first) text += ", ";
    first = false;
    if (!list) {
      text += (*at).text();
      text += '=';
      ++at;
    }
    text += Printed(*at, *member.element);
  }
  return text + (list ? "]" : "}");
}

class ConstraintCheck {
 public:
  void Members(const Value& parent, Shape shape, const std::string& prefix) {
    for (const Member& member : shape) {
      const Value value = parent.Find(member.name);
      if (value) {
        One(value, member, prefix.empty() ? LowerFirst(member.name) : StrCat(prefix, ".", LowerFirst(member.name)));
      } else if (member.required && !GivenInstead(parent, member)) {
        const std::string name = LowerFirst(member.name);
        Add(StrCat("Value null at '", prefix.empty() ? name : StrCat(prefix, ".", name),
                   "' failed to satisfy constraint: Member must not be null"));
      }
    }
  }

  const std::vector<std::string>& faults() const { return faults_; }

 private:
  static bool GivenInstead(const Value& parent, const Member& member) {
    for (const std::string_view name : Split(member.instead, ' ')) {
      if (!name.empty() && parent.Find(name)) return true;
    }
    return false;
  }

  void Add(std::string fault) {
    if (faults_.size() < kFaultsMax) faults_.push_back(std::move(fault));
  }

  void Broken(const Value& value, const Member& member, const std::string& path, std::string_view rule) {
    if (faults_.size() < kFaultsMax) Add(ConstraintFault(Printed(value, member), path, rule));
  }

  // A name of the path is made only when something is wrong below: records are many.
  void One(const Value& value, const Member& member, const std::string& path) {
    Size(value, member, path);
    if (member.type == Type::kString) {
      if (member.pattern != nullptr && !member.pattern->matches(value.text())) {
        Broken(value, member, path, StrCat("Member must satisfy regular expression pattern: ", member.pattern->text));
      }
      if (!member.values.empty() && std::ranges::find(member.values, value.text()) == member.values.end()) {
        std::vector<std::string> values(member.values.begin(), member.values.end());
        Broken(value, member, path, StrCat("Member must satisfy enum value set: [", Join(values, ", "), "]"));
      }
    } else if (member.type == Type::kStructure) {
      Members(value, member.members, path);
    } else if (member.type == Type::kList) {
      Elements(value, member, path);
    } else if (member.type == Type::kMap) {
      Entries(value, member, path);
    }
  }

  void Size(const Value& value, const Member& member, const std::string& path) {
    if (!member.least.has_value() && !member.most.has_value()) return;
    const bool number = value.kind() == Kind::kInteger;
    const int64_t size = number ? value.integer() : static_cast<int64_t>(LengthOf(value));
    const std::string_view what = number ? "value" : "length";
    if (member.least.has_value() && size < *member.least) {
      Broken(value, member, path, StrCat("Member must have ", what, " greater than or equal to ", *member.least));
    }
    if (member.most.has_value() && size > *member.most) {
      Broken(value, member, path, StrCat("Member must have ", what, " less than or equal to ", *member.most));
    }
  }

  void Elements(const Value& list, const Member& member, const std::string& path) {
    const Member& element = *member.element;
    size_t number = 0;
    for (const Value value : list) {
      ++number;
      if (faults_.size() == kFaultsMax) return;
      if (value.kind() == Kind::kNull) {
        return Broken(list, member, path, "Member must satisfy constraint: [Member must not be null]");
      }
      if (Flawless(value, element)) continue;
      const std::string name = StrCat(path, ".", number, ".member");
      if (element.type == Type::kStructure) {
        Members(value, element.members, name);
      } else if (element.type == Type::kString && !element.values.empty()) {
        std::vector<std::string> values(element.values.begin(), element.values.end());
        Broken(
            list, member, path,
            StrCat("Member must satisfy constraint: [Member must satisfy enum value set: [", Join(values, ", "), "]]"));
        return;
      } else {
        Broken(list, member, path, StrCat("Member must satisfy constraint: [", Rules(element), "]"));
        return;
      }
    }
  }

  // Whether an element breaks nothing, found out without making any text.
  static bool Flawless(const Value& value, const Member& member) {
    ConstraintCheck trial;
    if (member.type != Type::kStructure) {
      trial.One(value, member, "");
    } else {
      for (const Member& inner : member.members) {
        const Value found = value.Find(inner.name);
        if (!found && inner.required && !GivenInstead(value, inner)) return false;
        if (found && !Flawless(found, inner)) return false;
      }
    }
    return trial.faults_.empty();
  }

  static std::string Rules(const Member& member) {
    std::vector<std::string> rules;
    if (member.most.has_value())
      rules.push_back(StrCat("Member must have length less than or equal to ", *member.most));
    if (member.least.has_value()) {
      rules.push_back(StrCat("Member must have length greater than or equal to ", *member.least));
    }
    if (member.pattern != nullptr) {
      rules.push_back(StrCat("Member must satisfy regular expression pattern: ", member.pattern->text));
    }
    return Join(rules, ", ");
  }

  void Entries(const Value& map, const Member& member, const std::string& path) {
    bool keys = true;
    bool values = true;
    bool null = false;
    for (auto at = map.begin(); at != map.end(); ++at) {
      keys = keys && Flawless(*at, *member.key);
      ++at;
      const bool is_null = (*at).kind() == Kind::kNull;
      null = null || is_null;
      values = values && (is_null || Flawless(*at, *member.element));
    }
    if (!keys) Broken(map, member, path, StrCat("Map keys must satisfy constraint: [", Rules(*member.key), "]"));
    if (null) Broken(map, member, path, "Map value must satisfy constraint: [Member must not be null]");
    if (!values) Broken(map, member, path, StrCat("Map value must satisfy constraint: [", Rules(*member.element), "]"));
  }

  std::vector<std::string> faults_;
};

}  // namespace

std::string ConstraintFault(std::string_view value, std::string_view path, std::string_view rule) {
  return StrCat("Value '", value, "' at '", path, "' failed to satisfy constraint: ", rule);
}

AwsError ValidationError(std::span<const std::string> faults) {
  return {"ValidationException", StrCat(faults.size(), faults.size() == 1 ? " validation error" : " validation errors",
                                        " detected: ", Join(faults, "; "))};
}

Answer<void> CheckConstraints(const Document& document, Shape shape) {
  ConstraintCheck check;
  check.Members(document.root(), shape, "");
  if (check.faults().empty()) return {};
  return std::unexpected(ValidationError(check.faults()));
}

}  // namespace tailrace::api::aws
