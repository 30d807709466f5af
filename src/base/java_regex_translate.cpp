#include <array>
#include <utility>

#include "base/java_regex.h"
#include "base/str.h"

// Source: the documentation of java.util.regex.Pattern (Java SE 17) and pcre2pattern(3).

namespace tailrace {
namespace {

constexpr int kNestingMax = 100;

// Java's names for ASCII classes; PCRE2 has the same sets as POSIX classes when UCP is off.
constexpr std::array<std::pair<std::string_view, std::string_view>, 13> kPosixClasses = {{
    {"Lower", "lower"},
    {"Upper", "upper"},
    {"ASCII", "ascii"},
    {"Alpha", "alpha"},
    {"Digit", "digit"},
    {"Alnum", "alnum"},
    {"Punct", "punct"},
    {"Graph", "graph"},
    {"Print", "print"},
    {"Blank", "blank"},
    {"Cntrl", "cntrl"},
    {"XDigit", "xdigit"},
    {"Space", "space"},
}};

constexpr std::array<std::pair<std::string_view, std::string_view>, 26> kProperties = {{
    {"IsAlphabetic", "Alphabetic"},
    {"IsIdeographic", "Ideographic"},
    {"IsLetter", "L"},
    {"IsLowercase", "Lowercase"},
    {"IsUppercase", "Uppercase"},
    {"IsTitlecase", "Lt"},
    {"IsPunctuation", "P"},
    {"IsControl", "Cc"},
    {"IsWhite_Space", "White_Space"},
    {"IsWhiteSpace", "White_Space"},
    {"IsDigit", "Nd"},
    {"IsHex_Digit", "Hex_Digit"},
    {"IsHexDigit", "Hex_Digit"},
    {"IsEmoji", "Emoji"},
    {"javaLowerCase", "Lowercase"},
    {"javaUpperCase", "Uppercase"},
    {"javaTitleCase", "Lt"},
    {"javaAlphabetic", "Alphabetic"},
    {"javaIdeographic", "Ideographic"},
    {"javaDigit", "Nd"},
    {"javaLetter", "L"},
    {"javaWhitespace", "White_Space"},
    {"javaSpaceChar", "Z"},
    {"LC", "L&"},
    {"all", "Any"},
    {"javaDefined", "Any"},
}};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAsciiLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

int HexValue(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// What a backslash stands for.
struct Escape {
  enum class Kind : uint8_t { kCodePoint, kSet, kOther };
  Kind kind = Kind::kOther;
  uint32_t code_point = 0;
  std::string text;  // kSet: as it stands between brackets. kOther: outside of a class only.
};

// A character class on its way: what fits between one pair of brackets, and what does not.
struct ClassSet {
  std::string flat;
  std::vector<std::string> nested;  // Expressions that match one code point each.
  bool empty() const { return flat.empty() && nested.empty(); }
};

class Translator {
 public:
  explicit Translator(std::string_view pattern) : in_(pattern) {}

  Result<std::string> Run() {
    flags_.push_back({});
    while (!AtEnd()) TAILRACE_TRY(Element());
    if (flags_.size() > 1) return Fault("unclosed group");
    return std::move(out_);
  }

 private:
  struct Flags {
    bool dot_all = false;
    bool unix_lines = false;
    bool comments = false;
  };

  bool AtEnd() const { return at_ >= in_.size(); }
  char Peek(size_t ahead = 0) const { return at_ + ahead < in_.size() ? in_[at_ + ahead] : '\0'; }
  bool Take(std::string_view text) {
    if (!in_.substr(at_).starts_with(text)) return false;
    at_ += text.size();
    return true;
  }
  Error Fault(std::string_view what) const {
    return Error{ErrorCode::kInvalidArgument, StrCat("regular expression '", in_, "': ", what, " at offset ", at_)};
  }

  static void AppendCodePoint(std::string& to, uint32_t code_point) {
    const char c = static_cast<char>(code_point);
    if (code_point >= 0x7f || code_point < 0x20) {
      to += fmt::format("\\x{{{:x}}}", code_point);
    } else if (IsAsciiLetter(c) || IsDigit(c)) {
      to += c;
    } else {
      to += '\\';
      to += c;
    }
  }

  Status Element() {
    const char c = Peek();
    switch (c) {
      case '\\':
        return Backslash();
      case '[': {
        TAILRACE_ASSIGN_OR_RETURN(const std::string text, CharacterClass(0));
        out_ += text;
        return Ok();
      }
      case '(':
        return OpenGroup();
      case ')':
        if (flags_.size() == 1) return Fault("unmatched closing ')'");
        flags_.pop_back();
        break;
      case '.':
        ++at_;
        out_ += flags_.back().dot_all      ? "\\p{Any}"
                : flags_.back().unix_lines ? "[^\\n]"
                                           : "[^\\n\\r\\x{85}\\x{2028}\\x{2029}]";
        return Ok();
      case '#':
        if (flags_.back().comments) {
          while (!AtEnd() && Peek() != '\n') ++at_;
          return Ok();
        }
        out_ += "\\#";
        ++at_;
        return Ok();
      default:
        break;
    }
    out_ += c;
    ++at_;
    return Ok();
  }

  Status Backslash() {
    if (Take("\\Q")) {
      const size_t end = in_.find("\\E", at_);
      const std::string_view quoted = in_.substr(at_, end == std::string_view::npos ? end : end - at_);
      AppendQuoted(out_, quoted);
      at_ = end == std::string_view::npos ? in_.size() : end + 2;
      return Ok();
    }
    if (Take("\\E")) return Ok();
    TAILRACE_ASSIGN_OR_RETURN(const Escape escape, ReadEscape(false));
    switch (escape.kind) {
      case Escape::Kind::kCodePoint:
        AppendCodePoint(out_, escape.code_point);
        break;
      case Escape::Kind::kSet:
        out_ += StrCat("[", escape.text, "]");
        break;
      case Escape::Kind::kOther:
        out_ += escape.text;
        break;
    }
    return Ok();
  }

  static void AppendQuoted(std::string& to, std::string_view quoted) {
    for (const char c : quoted) {
      if (static_cast<unsigned char>(c) >= 0x80) {
        to += c;  // A byte of a longer UTF-8 character.
      } else {
        AppendCodePoint(to, static_cast<unsigned char>(c));
      }
    }
  }

  Status OpenGroup() {
    if (flags_.size() > kNestingMax) return Fault("groups nested too deeply");
    if (in_.substr(at_).starts_with("(*")) return Fault("dangling '*'");
    if (!in_.substr(at_).starts_with("(?")) {
      ++at_;
      ++groups_;
      flags_.push_back(flags_.back());
      out_ += '(';
      return Ok();
    }
    for (const std::string_view plain : {"(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!"}) {
      if (Take(plain)) {
        flags_.push_back(flags_.back());
        out_ += plain;
        return Ok();
      }
    }
    if (Peek(2) == '<') return NamedGroup();
    return InlineFlags();
  }

  Status NamedGroup() {
    at_ += 3;
    const size_t end = in_.find('>', at_);
    if (end == std::string_view::npos || end == at_) return Fault("group name without its end");
    const std::string_view name = in_.substr(at_, end - at_);
    if (!IsAsciiLetter(name[0])) return Fault("a group name begins with a letter");
    for (const char c : name) {
      if (!IsAsciiLetter(c) && !IsDigit(c)) return Fault("a group name has letters and digits only");
    }
    at_ = end + 1;
    ++groups_;
    flags_.push_back(flags_.back());
    out_ += StrCat("(?<", name, ">");
    return Ok();
  }

  // (?idmsux-idmsux) and (?idmsux-idmsux:X)
  Status InlineFlags() {
    at_ += 2;
    Flags flags = flags_.back();
    std::string on;
    std::string off;
    bool set = true;
    for (; !AtEnd() && Peek() != ')' && Peek() != ':'; ++at_) {
      std::string& kept = set ? on : off;
      switch (Peek()) {
        case '-':
          if (!set) return Fault("unknown inline modifier");
          set = false;
          break;
        case 'i':
        case 'm':
          kept += Peek();
          break;
        case 's':
          flags.dot_all = set;
          break;
        case 'd':
          flags.unix_lines = set;
          break;
        case 'x':
          flags.comments = set;
          kept += 'x';
          break;
        case 'u':
          break;  // PCRE2 in UTF mode always folds by Unicode.
        default:
          return Fault("unknown group or inline modifier");
      }
    }
    if (AtEnd()) return Fault("unclosed group");
    const bool scoped = Peek() == ':';
    ++at_;
    if (scoped) {
      flags_.push_back(flags);
    } else {
      flags_.back() = flags;
    }
    const std::string switches = off.empty() ? on : StrCat(on, "-", off);
    if (scoped || !switches.empty()) out_ += StrCat("(?", switches, scoped ? ":" : ")");
    return Ok();
  }

  Result<uint32_t> HexDigits(size_t digits) {
    uint32_t value = 0;
    for (size_t i = 0; i < digits; ++i) {
      const int digit = HexValue(Peek());
      if (digit < 0) return Fault(StrCat("expected ", digits, " hexadecimal digits"));
      value = value * 16 + static_cast<uint32_t>(digit);
      ++at_;
    }
    return value;
  }

  static Escape CodePoint(uint32_t code_point) {
    return {.kind = Escape::Kind::kCodePoint, .code_point = code_point, .text = {}};
  }

  Result<Escape> ReadEscape(bool in_class) {
    ++at_;  // The backslash.
    if (AtEnd()) return Fault("a backslash at the end");
    const char c = Peek();
    if (c >= '1' && c <= '9') {
      if (in_class) return Fault("back reference in a character class");
      return BackReference();
    }
    if (!IsAsciiLetter(c) && c != '0') {
      if (static_cast<unsigned char>(c) >= 0x80) return Escape{.text = {}};  // The character itself follows.
      ++at_;
      return CodePoint(static_cast<unsigned char>(c));
    }
    ++at_;
    switch (c) {
      case '0':
        return Octal();
      case 'x':
        return Hexadecimal();
      case 'u':
        return Utf16();
      case 'c': {
        if (AtEnd()) return Fault("\\c without a character");
        const auto control = static_cast<unsigned char>(in_[at_++]);
        return CodePoint(control ^ 64U);
      }
      case 't':
        return CodePoint('\t');
      case 'n':
        return CodePoint('\n');
      case 'r':
        return CodePoint('\r');
      case 'f':
        return CodePoint('\f');
      case 'a':
        return CodePoint(7);
      case 'e':
        return CodePoint(27);
      case 'd':
      case 'D':
      case 's':
      case 'S':
      case 'w':
      case 'W':
      case 'h':
      case 'H':
      case 'v':
      case 'V':
        return Escape{.kind = Escape::Kind::kSet, .text = std::string{'\\', c}};
      case 'p':
      case 'P':
        return Property(c == 'P');
      default:
        break;
    }
    if (!in_class) return Assertion(c);
    --at_;
    return Fault("unknown escape in a character class");
  }

  Result<Escape> Assertion(char c) {
    switch (c) {
      case 'b':
        if (Peek() == '{') return Fault("\\b{g} is not supported");
        return Escape{.text = "\\b"};
      case 'B':
      case 'A':
      case 'G':
      case 'Z':
      case 'z':
      case 'R':
      case 'X':
        return Escape{.text = std::string{'\\', c}};
      case 'k': {
        const size_t end = in_.find('>', at_);
        if (Peek() != '<' || end == std::string_view::npos) return Fault("\\k needs a name in angle brackets");
        const std::string_view name = in_.substr(at_ + 1, end - at_ - 1);
        at_ = end + 1;
        for (const char letter : name) {
          if (!IsAsciiLetter(letter) && !IsDigit(letter)) return Fault("a group name has letters and digits only");
        }
        return Escape{.text = StrCat("\\k<", name, ">")};
      }
      default:
        break;
    }
    --at_;
    return Fault("unknown escape");
  }

  Result<Escape> BackReference() {
    size_t group = static_cast<size_t>(in_[at_++] - '0');
    // More digits belong to the reference only while so many groups have begun.
    while (IsDigit(Peek()) && group * 10 + static_cast<size_t>(Peek() - '0') <= groups_) {
      group = group * 10 + static_cast<size_t>(in_[at_++] - '0');
    }
    return Escape{.text = StrCat("\\g{", group, "}")};
  }

  Result<Escape> Octal() {
    uint32_t value = 0;
    size_t digits = 0;
    while (digits < 3 && Peek() >= '0' && Peek() <= '7' && value * 8 + static_cast<uint32_t>(Peek() - '0') <= 0377) {
      value = value * 8 + static_cast<uint32_t>(in_[at_++] - '0');
      ++digits;
    }
    if (digits == 0) return Fault("\\0 needs octal digits");
    return CodePoint(value);
  }

  Result<Escape> Hexadecimal() {
    if (!Take("{")) {
      TAILRACE_ASSIGN_OR_RETURN(const uint32_t value, HexDigits(2));
      return CodePoint(value);
    }
    uint32_t value = 0;
    size_t digits = 0;
    for (; HexValue(Peek()) >= 0 && value <= 0x10ffff; ++digits) {
      value = value * 16 + static_cast<uint32_t>(HexValue(in_[at_++]));
    }
    if (digits == 0 || value > 0x10ffff || !Take("}")) return Fault("bad \\x{...}");
    return CodePoint(value);
  }

  Result<Escape> Utf16() {
    TAILRACE_ASSIGN_OR_RETURN(const uint32_t high, HexDigits(4));
    if (high >= 0xd800 && high < 0xdc00 && Take("\\u")) {
      TAILRACE_ASSIGN_OR_RETURN(const uint32_t low, HexDigits(4));
      if (low < 0xdc00 || low > 0xdfff) return Fault("a surrogate without its half");
      return CodePoint(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
    }
    if (high >= 0xd800 && high <= 0xdfff) return Fault("a surrogate without its half");
    return CodePoint(high);
  }

  Result<Escape> Property(bool negated) {
    std::string name;
    if (Take("{")) {
      const size_t end = in_.find('}', at_);
      if (end == std::string_view::npos) return Fault("unclosed property name");
      name = std::string(in_.substr(at_, end - at_));
      at_ = end + 1;
    } else {
      if (AtEnd()) return Fault("a property name is missing");
      name = std::string(1, in_[at_++]);
    }
    const auto set = [&](std::string_view property) {
      return Escape{.kind = Escape::Kind::kSet, .text = StrCat(negated ? "\\P{" : "\\p{", property, "}")};
    };
    for (const auto& [java, posix] : kPosixClasses) {
      if (name != java) continue;
      return Escape{.kind = Escape::Kind::kSet, .text = StrCat("[:", negated ? "^" : "", posix, ":]")};
    }
    for (const auto& [java, property] : kProperties) {
      if (name == java) return set(property);
    }
    const size_t equals = name.find('=');
    const std::string key = AsciiLower(name.substr(0, equals == std::string::npos ? 0 : equals));
    std::string value = equals == std::string::npos ? name : name.substr(equals + 1);
    for (const char c : value) {
      if (!IsAsciiLetter(c) && !IsDigit(c) && c != '_') return Fault(StrCat("unknown property '", name, "'"));
    }
    if (key == "script" || key == "sc") return set(StrCat("sc:", value));
    if (key == "block" || key == "blk" || (key.empty() && value.starts_with("In"))) {
      return Fault(StrCat("blocks are not supported: '", name, "'"));
    }
    if (!key.empty() && key != "general_category" && key != "gc") return Fault(StrCat("unknown property '", name, "'"));
    if (key.empty() && value.starts_with("Is")) value = value.substr(2);
    if (value.size() <= 2) return set(value);
    if (key.empty()) return set(StrCat("sc:", value));
    return Fault(StrCat("unknown property '", name, "'"));
  }

  static std::string UnionText(const ClassSet& set) {
    if (set.nested.empty()) return StrCat("[", set.flat, "]");
    if (set.flat.empty() && set.nested.size() == 1) return set.nested[0];
    std::string text = "(?:";
    if (!set.flat.empty()) text += StrCat("[", set.flat, "]|");
    return StrCat(text, Join(set.nested, "|"), ")");
  }

  // A class from its '[' to behind its ']'.
  Result<std::string> CharacterClass(int depth) {
    TAILRACE_ASSIGN_OR_RETURN(const ClassSet set, ReadClass(depth));
    return UnionText(set);
  }

  Result<ClassSet> ReadClass(int depth) {
    if (depth > kNestingMax) return Fault("classes nested too deeply");
    ++at_;
    const bool negated = Take("^");
    std::vector<ClassSet> operands(1);
    bool first = true;
    while (first || Peek() != ']') {
      if (AtEnd()) return Fault("unclosed character class");
      if (Take("&&")) {
        if (!operands.back().empty()) operands.emplace_back();
      } else {
        TAILRACE_TRY(ClassItem(operands.back(), depth));
      }
      first = false;
    }
    ++at_;
    if (operands.back().empty()) operands.pop_back();
    if (operands.empty()) return Fault("bad class syntax");
    if (operands.size() == 1 && !negated) return std::move(operands[0]);
    ClassSet result;
    if (operands.size() == 1 && operands[0].nested.empty()) {
      result.nested.push_back(StrCat("[^", operands[0].flat, "]"));
      return result;
    }
    std::string text = UnionText(operands.back());
    for (size_t i = 0; i + 1 < operands.size(); ++i) text = StrCat("(?=", UnionText(operands[i]), ")", text);
    result.nested.push_back(negated ? StrCat("(?:(?!", text, ")\\p{Any})") : StrCat("(?:", text, ")"));
    return result;
  }

  Status ClassItem(ClassSet& set, int depth) {
    if (Peek() == '[') {
      TAILRACE_ASSIGN_OR_RETURN(ClassSet inner, ReadClass(depth + 1));
      set.flat += inner.flat;
      for (std::string& nested : inner.nested) set.nested.push_back(std::move(nested));
      return Ok();
    }
    if (Take("\\Q")) {
      const size_t end = in_.find("\\E", at_);
      AppendQuoted(set.flat, in_.substr(at_, end == std::string_view::npos ? end : end - at_));
      at_ = end == std::string_view::npos ? in_.size() : end + 2;
      return Ok();
    }
    if (Take("\\E")) return Ok();
    TAILRACE_ASSIGN_OR_RETURN(const bool single, ClassCharacter(set.flat));
    // A '-' is a range only between two single characters.
    if (!single || Peek() != '-' || Peek(1) == ']' || Peek(1) == '[' || at_ + 1 >= in_.size()) return Ok();
    if (Peek(1) == '&' && Peek(2) == '&') return Ok();
    ++at_;
    set.flat += '-';
    TAILRACE_ASSIGN_OR_RETURN(const bool single_end, ClassCharacter(set.flat));
    if (!single_end) return Fault("illegal character range");
    return Ok();
  }

  // Appends one character or set; true when it was a single character.
  Result<bool> ClassCharacter(std::string& flat) {
    if (Peek() == '\\') {
      TAILRACE_ASSIGN_OR_RETURN(const Escape escape, ReadEscape(true));
      if (escape.kind == Escape::Kind::kSet) {
        flat += escape.text;
        return false;
      }
      if (escape.kind == Escape::Kind::kCodePoint) {
        AppendCodePoint(flat, escape.code_point);
        return true;
      }
    }
    const auto lead = static_cast<unsigned char>(Peek());
    if (lead < 0x80) {
      AppendCodePoint(flat, lead);
      ++at_;
      return true;
    }
    do {
      flat += in_[at_++];
    } while (!AtEnd() && (static_cast<unsigned char>(Peek()) & 0xc0) == 0x80);
    return true;
  }

  const std::string_view in_;
  size_t at_ = 0;
  size_t groups_ = 0;
  std::vector<Flags> flags_;  // One entry an open group, and the pattern's own.
  std::string out_;
};

}  // namespace

Result<std::string> JavaPatternToPcre2(std::string_view java_pattern) {
  if (!IsValidUtf8(java_pattern)) {
    return Error{ErrorCode::kInvalidArgument, "regular expression is not valid UTF-8"};
  }
  return Translator(java_pattern).Run();
}

}  // namespace tailrace
