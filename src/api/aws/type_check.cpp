#include <algorithm>
#include <cmath>

#include "api/aws/shape.h"
#include "base/base64.h"
#include "base/str.h"

// The texts are those of the service's framework: tests of clients compare them.
namespace tailrace::api::aws {
namespace {

constexpr int64_t kIntegerMax = 2'147'483'647;

std::unexpected<AwsError> Wrong(std::string message) { return Fail("SerializationException", std::move(message)); }

std::string_view ArticleAndName(Type type) {
  switch (type) {
    case Type::kString:
      return "an String";
    case Type::kInteger:
      return "an Integer";
    case Type::kLong:
      return "an Long";
    case Type::kDouble:
      return "an Double";
    case Type::kBoolean:
      return "an Boolean";
    case Type::kBlob:
      return "a Blob";
    case Type::kTimestamp:
    case Type::kList:
    case Type::kMap:
    case Type::kStructure:
      break;
  }
  return "";
}

std::unexpected<AwsError> WrongScalar(Kind kind, Type type) {
  const std::string_view found = kind == Kind::kBoolean                        ? "java.lang.Boolean"
                                 : kind == Kind::kText || kind == Kind::kBytes ? "java.lang.String"
                                                                               : "com.amazon.coral.value.json.numbers."
                                                                                 "TruncatingBigNumber";
  if (type == Type::kTimestamp) {
    return Wrong(StrCat("class ", found, " can not be converted to milliseconds since epoch"));
  }
  return Wrong(StrCat("class ", found, " can not be converted to ", ArticleAndName(type)));
}

bool IsNumber(Kind kind) { return kind == Kind::kInteger || kind == Kind::kReal; }

class TypeCheck {
 public:
  explicit TypeCheck(Document& document) : document_(document) {}

  Answer<void> Members(uint32_t index, Shape shape) {
    const uint32_t end = document_.node(index).end;
    for (uint32_t key = index + 1; key < end; key = document_.node(key + 1).end) {
      const Node& name = document_.node(key);
      for (const Member& member : shape) {
        if (std::string_view(name.text, name.size) != member.name) continue;
        TAILRACE_AWS_TRY(One(key + 1, member));
        break;
      }
    }
    return {};
  }

 private:
  Answer<void> One(uint32_t index, const Member& member) {
    Node& node = document_.node(index);
    if (node.kind == Kind::kNull) return {};
    const bool composed = node.kind == Kind::kList || node.kind == Kind::kMap;
    switch (member.type) {
      case Type::kList:
        if (node.kind == Kind::kList) return Elements(index, member);
        if (composed) return Wrong("Start of structure or map found where not expected.");
        return Wrong("Expected list or null");
      case Type::kMap:
        if (node.kind == Kind::kMap) return Entries(index, member);
        if (composed) return Wrong("Start of list found where not expected");
        return Wrong("Expected map or null");
      case Type::kStructure:
        if (node.kind == Kind::kMap) return Members(index, member.members);
        if (composed) return Wrong("Start of list found where not expected");
        return Wrong("Expected null");
      default:
        break;
    }
    if (node.kind == Kind::kList) return Wrong("Start of list found where not expected");
    if (node.kind == Kind::kMap) return Wrong("Start of structure or map found where not expected.");
    return Scalar(node, member.type);
  }

  Answer<void> Elements(uint32_t index, const Member& member) {
    const uint32_t end = document_.node(index).end;
    for (uint32_t at = index + 1; at < end; at = document_.node(at).end) {
      TAILRACE_AWS_TRY(One(at, *member.element));
    }
    return {};
  }

  Answer<void> Entries(uint32_t index, const Member& member) {
    const uint32_t end = document_.node(index).end;
    for (uint32_t key = index + 1; key < end; key = document_.node(key + 1).end) {
      TAILRACE_AWS_TRY(One(key + 1, *member.element));
    }
    return {};
  }

  Answer<void> Scalar(Node& node, Type type) {
    switch (type) {
      case Type::kString:
        if (node.kind != Kind::kText) return WrongScalar(node.kind, type);
        return {};
      case Type::kInteger:
      case Type::kLong:
        if (!IsNumber(node.kind)) return WrongScalar(node.kind, type);
        ToWhole(node, type);
        return {};
      case Type::kDouble:
        if (!IsNumber(node.kind)) return WrongScalar(node.kind, type);
        if (node.kind == Kind::kInteger) node.real = static_cast<double>(node.integer);
        node.kind = Kind::kReal;
        return {};
      case Type::kBoolean:
        return Boolean(node);
      case Type::kTimestamp:
        return Time(node);
      case Type::kBlob:
        return Blob(node);
      case Type::kList:
      case Type::kMap:
      case Type::kStructure:
        break;
    }
    return {};
  }

  static void ToWhole(Node& node, Type type) {
    const int64_t most = type == Type::kInteger ? kIntegerMax : INT64_MAX;
    if (node.kind == Kind::kReal) {
      const double floored = std::floor(node.real);
      node.kind = Kind::kInteger;
      node.integer = !(std::abs(floored) < 9e18) ? (node.real < 0 ? -most : most) : static_cast<int64_t>(floored);
    }
    node.integer = std::min(node.integer, most);
  }

  static Answer<void> Boolean(Node& node) {
    if (node.kind == Kind::kBoolean) return {};
    if (node.kind == Kind::kText) {
      const std::string upper = AsciiUpper({node.text, node.size});
      if (upper == "TRUE" || upper == "FALSE") {
        node.kind = Kind::kBoolean;
        node.boolean = upper == "TRUE";
        return {};
      }
      return Wrong(StrCat("'", upper, "' can not be converted to an Boolean"));
    }
    if (node.kind != Kind::kReal) return WrongScalar(node.kind, Type::kBoolean);
    node.boolean = node.real != 0;
    node.kind = Kind::kBoolean;
    return {};
  }

  // JSON has seconds with a fraction; CBOR has milliseconds, tagged or not.
  Answer<void> Time(Node& node) const {
    if (node.kind == Kind::kTimestamp) return {};
    if (!IsNumber(node.kind)) return WrongScalar(node.kind, Type::kTimestamp);
    const double scale = document_.encoding() == Encoding::kJson ? 1000 : 1;
    const double number = node.kind == Kind::kReal ? node.real : static_cast<double>(node.integer);
    const double unix_ms = std::round(number * scale);
    node.integer = std::abs(unix_ms) < 9e15 ? static_cast<int64_t>(unix_ms) : (unix_ms < 0 ? INT64_MIN : INT64_MAX) / 2;
    node.kind = Kind::kTimestamp;
    return {};
  }

  Answer<void> Blob(Node& node) {
    if (node.kind == Kind::kBytes) return {};
    if (node.kind != Kind::kText) return WrongScalar(node.kind, Type::kBlob);
    const std::string_view text(node.text, node.size);
    const Base64Decoded decoded = DecodeBase64(text, document_.BytesOf(node));
    const auto no_blob = [&](std::string_view why) {
      std::string original;  // What was decoded lies over its beginning.
      AppendBase64({node.text, decoded.size}, original);
      original += text.substr(original.size());
      return Wrong(StrCat("'", original, "' can not be converted to a Blob: ", why));
    };
    switch (decoded.fault) {
      case Base64Decoded::Fault::kNone:
        break;
      case Base64Decoded::Fault::kLength:
        return no_blob(StrCat("Base64 encoded length is expected a multiple of 4 bytes but found: ", text.size()));
      case Base64Decoded::Fault::kCharacter:
        return no_blob(StrCat("Invalid Base64 character: '", std::string_view(&decoded.character, 1), "'"));
      case Base64Decoded::Fault::kLastCharacter:
        return no_blob("Invalid last non-pad Base64 character dectected");
    }
    node.kind = Kind::kBytes;
    node.size = static_cast<uint32_t>(decoded.size);
    return {};
  }

  Document& document_;
};

}  // namespace

Answer<void> CheckTypes(Document& document, Shape shape) { return TypeCheck(document).Members(0, shape); }

}  // namespace tailrace::api::aws
