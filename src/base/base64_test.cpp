#include "base/base64.h"

#include <gtest/gtest.h>

#include "base/hash.h"
#include "base/rng.h"

namespace tailrace {
namespace {

std::string Encoded(std::string_view bytes) {
  std::string text;
  AppendBase64(bytes, text);
  return text;
}

// RFC 4648, section 10.
TEST(Base64Test, EncodesTheVectorsOfTheStandard) {
  EXPECT_EQ(Encoded(""), "");
  EXPECT_EQ(Encoded("f"), "Zg==");
  EXPECT_EQ(Encoded("fo"), "Zm8=");
  EXPECT_EQ(Encoded("foo"), "Zm9v");
  EXPECT_EQ(Encoded("foob"), "Zm9vYg==");
  EXPECT_EQ(Encoded("fooba"), "Zm9vYmE=");
  EXPECT_EQ(Encoded("foobar"), "Zm9vYmFy");
}

TEST(Base64Test, DecodesWhereTheTextStands) {
  Rng rng(1);
  for (size_t size = 0; size < 400; ++size) {
    const std::string bytes = rng.Bytes(size);
    std::string text = Encoded(bytes);
    EXPECT_EQ(text, ToBase64(bytes));  // OpenSSL's.
    const Base64Decoded decoded = DecodeBase64(text, text.data());
    ASSERT_EQ(decoded.fault, Base64Decoded::Fault::kNone);
    EXPECT_EQ(text.substr(0, decoded.size), bytes);
  }
}

// At every place of what is decoded in one step and of the groups behind it.
TEST(Base64Test, FindsEveryCharacterThatIsNone) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t place = 0; place < 68; ++place) {
    for (int code = 0; code < 256; ++code) {
      std::string text(72, 'A');
      text[place] = static_cast<char>(code);
      const Base64Decoded decoded = DecodeBase64(text, text.data());
      if (alphabet.find(static_cast<char>(code)) != std::string::npos) {
        ASSERT_EQ(decoded.fault, Base64Decoded::Fault::kNone) << place << " " << code;
        continue;
      }
      ASSERT_EQ(decoded.fault, Base64Decoded::Fault::kCharacter) << place << " " << code;
      EXPECT_EQ(decoded.character, static_cast<char>(code));
      EXPECT_EQ(decoded.size, place / 4 * 3);
    }
  }
}

TEST(Base64Test, TellsWhatIsWrong) {
  using Fault = Base64Decoded::Fault;
  char out[16];
  EXPECT_EQ(DecodeBase64("abc", out).fault, Fault::kLength);
  EXPECT_EQ(DecodeBase64("ab!d", out).fault, Fault::kCharacter);
  EXPECT_EQ(DecodeBase64("ab!d", out).character, '!');
  EXPECT_EQ(DecodeBase64("ab=d", out).character, '=');
  EXPECT_EQ(DecodeBase64("Zg==Zg==", out).fault, Fault::kCharacter);
  EXPECT_EQ(DecodeBase64("Zh==", out).fault, Fault::kLastCharacter);
  EXPECT_EQ(DecodeBase64("Zm9=", out).fault, Fault::kLastCharacter);
  EXPECT_EQ(DecodeBase64("====", out).fault, Fault::kCharacter);
}

}  // namespace
}  // namespace tailrace
