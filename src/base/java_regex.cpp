#include "base/java_regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <utility>

#include "base/str.h"

namespace tailrace {
namespace {

// A pattern may try this many steps on one subject; (a+)+$ and its kin stop here.
constexpr uint32_t kMatchLimit = 5'000'000;
constexpr uint32_t kHeapLimitKib = 32 * 1024;
constexpr size_t kJitStackBytesMax = 1 << 20;
constexpr size_t kPatternBytesMax = 64 * 1024;

struct CodeFree {
  void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct CompileContextFree {
  void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};

std::string Pcre2Message(int code) {
  PCRE2_UCHAR text[256];
  const int length = pcre2_get_error_message(code, text, sizeof text);
  return length < 0 ? StrCat("error ", code) : std::string(reinterpret_cast<const char*>(text), length);
}

}  // namespace

struct JavaRegex::Code {
  std::unique_ptr<pcre2_code, CodeFree> code;
};

struct RegexScratch::State {
  State() : data(pcre2_match_data_create(100, nullptr)), context(pcre2_match_context_create(nullptr)) {
    TAILRACE_CHECK(data != nullptr && context != nullptr);
    pcre2_set_match_limit(context, kMatchLimit);
    pcre2_set_heap_limit(context, kHeapLimitKib);
    jit_stack = pcre2_jit_stack_create(32 * 1024, kJitStackBytesMax, nullptr);
    if (jit_stack != nullptr) pcre2_jit_stack_assign(context, nullptr, jit_stack);
  }
  ~State() {
    if (jit_stack != nullptr) pcre2_jit_stack_free(jit_stack);
    pcre2_match_context_free(context);
    pcre2_match_data_free(data);
  }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  pcre2_match_data* data;
  pcre2_match_context* context;
  pcre2_jit_stack* jit_stack = nullptr;
};

std::optional<size_t> JavaRegex::GroupNumber(std::string_view name) const {
  const std::string terminated(name);
  const int number =
      pcre2_substring_number_from_name(code_->code.get(), reinterpret_cast<PCRE2_SPTR>(terminated.c_str()));
  return number > 0 ? std::optional<size_t>(static_cast<size_t>(number)) : std::nullopt;
}

RegexScratch::RegexScratch() : state_(std::make_unique<State>()) {}
RegexScratch::~RegexScratch() = default;
RegexScratch::RegexScratch(RegexScratch&&) noexcept = default;
RegexScratch& RegexScratch::operator=(RegexScratch&&) noexcept = default;

JavaRegex::JavaRegex(std::unique_ptr<Code> code, std::string java_pattern, size_t group_count)
    : code_(std::move(code)), java_pattern_(std::move(java_pattern)), group_count_(group_count) {}
JavaRegex::~JavaRegex() = default;
JavaRegex::JavaRegex(JavaRegex&&) noexcept = default;
JavaRegex& JavaRegex::operator=(JavaRegex&&) noexcept = default;

Result<JavaRegex> JavaRegex::Compile(std::string_view java_pattern, RegexMode mode) {
  if (java_pattern.size() > kPatternBytesMax) {
    return Error{ErrorCode::kLimitExceeded,
                 StrCat("regular expression of ", java_pattern.size(), " bytes, at most ", kPatternBytesMax)};
  }
  TAILRACE_ASSIGN_OR_RETURN(const std::string pattern, JavaPatternToPcre2(java_pattern));
  uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
  if (mode != RegexMode::kFind) options |= PCRE2_ANCHORED;
  if (mode == RegexMode::kWhole) options |= PCRE2_ENDANCHORED;
  const std::unique_ptr<pcre2_compile_context, CompileContextFree> context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_ANYCRLF);
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto code = std::make_unique<Code>();
  code->code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(), options, &error, &offset,
                                 context.get()));
  if (code->code == nullptr) {
    return Error{ErrorCode::kInvalidArgument,
                 StrCat("regular expression '", java_pattern, "': ", Pcre2Message(error), " near byte ", offset)};
  }
  // Without JIT (not built in, or no executable memory) the interpreter does the same, more slowly.
  static_cast<void>(pcre2_jit_compile(code->code.get(), PCRE2_JIT_COMPLETE));
  uint32_t groups = 0;
  pcre2_pattern_info(code->code.get(), PCRE2_INFO_CAPTURECOUNT, &groups);
  return JavaRegex(std::move(code), std::string(java_pattern), groups);
}

Result<bool> JavaRegex::Match(std::string_view subject, size_t from, RegexScratch& scratch,
                              std::span<RegexGroup> groups) const {
  RegexScratch::State& state = *scratch.state_;
  if (pcre2_get_ovector_count(state.data) < group_count_ + 1) {
    pcre2_match_data_free(state.data);
    state.data = pcre2_match_data_create(static_cast<uint32_t>(group_count_ + 1), nullptr);
    TAILRACE_CHECK(state.data != nullptr);
  }
  const char* const text = subject.data() == nullptr ? "" : subject.data();
  const int matched = pcre2_match(code_->code.get(), reinterpret_cast<PCRE2_SPTR>(text), subject.size(), from, 0,
                                  state.data, state.context);
  if (matched == PCRE2_ERROR_NOMATCH) return false;
  if (matched < 0) {
    const bool bad_text = matched <= PCRE2_ERROR_UTF8_ERR1 && matched >= PCRE2_ERROR_UTF8_ERR21;
    return Error{bad_text ? ErrorCode::kInvalidArgument : ErrorCode::kLimitExceeded,
                 StrCat("regular expression '", java_pattern_, "' gave up: ", Pcre2Message(matched))};
  }
  const PCRE2_SIZE* const bounds = pcre2_get_ovector_pointer(state.data);
  for (size_t i = 0; i < groups.size() && i <= group_count_; ++i) {
    if (i >= static_cast<size_t>(matched) || bounds[2 * i] == PCRE2_UNSET) {
      groups[i] = RegexGroup{};
    } else {
      groups[i] = RegexGroup{.begin = bounds[2 * i], .end = bounds[2 * i + 1], .matched = true};
    }
  }
  return true;
}

}  // namespace tailrace
