#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/aws/error.h"
#include "api/aws/sealed_token.h"
#include "stream/types.h"

namespace tailrace::api::kinesis {

inline constexpr Milliseconds kTokenLifetime{300'000};  // Of iterators and of next tokens.

// Where a reader goes on; travels through the client as a token.
struct ShardIterator {
  Timestamp issued{};
  std::string stream;
  std::string stream_id;
  stream::ShardId shard = 0;
  stream::Sequence position = 0;

  std::string Seal(const aws::TokenSealer& sealer) const;
  static std::optional<ShardIterator> Unseal(const aws::TokenSealer& sealer, std::string_view token);
};

// Where a listing goes on, after `after`.
struct NextToken {
  Timestamp issued{};
  std::string operation;
  std::string stream;
  std::string filter;  // What the listing was asked with.
  std::string after;

  std::string Seal(const aws::TokenSealer& sealer) const;
  // Errors  InvalidArgumentException; ExpiredNextTokenException.
  static aws::Answer<NextToken> Unseal(const aws::TokenSealer& sealer, std::string_view token,
                                       std::string_view operation, Timestamp now);
};

// "Thu Jan 22 01:22:02 UTC 2015".
std::string JavaDate(Timestamp time);

}  // namespace tailrace::api::kinesis
