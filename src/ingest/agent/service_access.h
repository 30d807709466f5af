#pragma once

#include <string>

#include "base/disk.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/sigv4.h"
#include "ingest/agent/agent_config.h"

// Where an agent on its own sends, and with whose keys.

namespace tailrace::ingest {

struct ServiceEndpoint {
  std::string url;     // "https://kinesis.eu-central-1.amazonaws.com/"
  std::string region;  // That requests are signed for.
  bool operator==(const ServiceEndpoint&) const = default;
};

// The endpoint of a flow's destination: `kinesis.endpoint` or `firehose.endpoint`, with https in front when no scheme
// is given; else the service's own of the region. Region: `kinesis.region` (streams only), else what the host's name
// says, else AWS_REGION, AWS_DEFAULT_REGION, else us-east-1. Errors: kInvalidArgument: an endpoint that is no http or
// https address; the message names its key.
Result<ServiceEndpoint> FindServiceEndpoint(const AgentConfig& config, DestinationKind kind,
                                            const EnvironmentReader& environment);

struct AgentCredentials {
  sigv4::Credentials keys;
  std::string source;  // For messages: "AWS_ACCESS_KEY_ID".
};

// The first of: awsAccessKeyId and awsSecretAccessKey of the agent's file; AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
// AWS_SESSION_TOKEN; the profile AWS_PROFILE, else "default", of AWS_SHARED_CREDENTIALS_FILE, else ~/.aws/credentials.
// Errors: kUnsupported: the file asks for a role. kNotFound: none of them; the message says where they were looked for.
// kInvalidArgument: half a pair of keys.
Result<AgentCredentials> FindAgentCredentials(const AgentConfig& config, Disk& disk,
                                              const EnvironmentReader& environment);

}  // namespace tailrace::ingest
