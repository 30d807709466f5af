#include "sql/functions/like_pattern.h"

#include "base/str.h"

namespace tailrace::sql {
namespace {

constexpr size_t kNoMatch = std::string_view::npos;

}  // namespace

Result<LikePattern> LikePattern::Compile(std::string_view pattern, std::string_view escape) {
  if (!escape.empty() && Utf8Length(escape) != 1) {
    return Error{ErrorCode::kInvalidArgument, StrCat("ESCAPE must be one character: '", escape, "'")};
  }
  LikePattern result;
  result.pieces_.push_back({{""}});
  while (!pattern.empty()) {
    std::string_view character = Utf8Prefix(pattern, 1);
    pattern.remove_prefix(character.size());
    if (!escape.empty() && character == escape) {
      if (pattern.empty()) {
        return Error{ErrorCode::kInvalidArgument, StrCat("pattern ends with its escape character '", escape, "'")};
      }
      character = Utf8Prefix(pattern, 1);
      pattern.remove_prefix(character.size());
      result.pieces_.back().texts.back() += character;
    } else if (character == "%") {
      result.pieces_.push_back({{""}});
    } else if (character == "_") {
      result.pieces_.back().texts.emplace_back();
    } else {
      result.pieces_.back().texts.back() += character;
    }
  }
  return result;
}

size_t LikePattern::MatchFront(const Piece& piece, std::string_view text) {
  size_t at = 0;
  for (size_t i = 0; i < piece.texts.size(); ++i) {
    if (i > 0) {
      if (at == text.size()) return kNoMatch;
      at += Utf8Prefix(text.substr(at), 1).size();
    }
    if (!text.substr(at).starts_with(piece.texts[i])) return kNoMatch;
    at += piece.texts[i].size();
  }
  return at;
}

bool LikePattern::MatchBack(const Piece& piece, std::string_view text, size_t& length) {
  if (piece.texts.size() == 1) {
    length = piece.texts[0].size();
    return text.ends_with(piece.texts[0]);
  }
  // Wildcards take characters of any number of bytes: try each start from which the piece reaches the end.
  for (size_t begin = text.size() + 1; begin-- > 0;) {
    const bool inside_character = begin < text.size() && (static_cast<uint8_t>(text[begin]) & 0xc0) == 0x80;
    if (!inside_character && MatchFront(piece, text.substr(begin)) == text.size() - begin) {
      length = text.size() - begin;
      return true;
    }
  }
  return false;
}

bool LikePattern::Find(const Piece& piece, std::string_view text, size_t& begin, size_t& length) {
  if (piece.texts.size() == 1) {
    begin = text.find(piece.texts[0]);
    length = piece.texts[0].size();
    return begin != std::string_view::npos;
  }
  for (begin = 0; begin <= text.size(); begin += Utf8Prefix(text.substr(begin), 1).size()) {
    length = MatchFront(piece, text.substr(begin));
    if (length != kNoMatch) return true;
    if (begin == text.size()) break;
  }
  return false;
}

bool LikePattern::Matches(std::string_view text) const {
  const size_t front = MatchFront(pieces_.front(), text);
  if (front == kNoMatch) return false;
  if (pieces_.size() == 1) return front == text.size();
  text.remove_prefix(front);
  size_t back = 0;
  if (!MatchBack(pieces_.back(), text, back)) return false;
  text.remove_suffix(back);
  // Between the two, each piece takes its first place: taking a later one can only lose room.
  for (size_t i = 1; i + 1 < pieces_.size(); ++i) {
    size_t begin = 0;
    size_t length = 0;
    if (!Find(pieces_[i], text, begin, length)) return false;
    text.remove_prefix(begin + length);
  }
  return true;
}

}  // namespace tailrace::sql
