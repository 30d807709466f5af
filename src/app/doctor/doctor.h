#pragma once

#include <string>
#include <vector>

#include "app/definition.h"
#include "base/disk.h"
#include "base/examination.h"
#include "base/net.h"

// Looks at everything that an application names, step by step: `tailrace doctor`.
namespace tailrace::app {

struct DoctorOptions {
  std::string data_folder;
  std::string listen_address;  // Empty: the address is not looked at.
  uint16_t listen_port = 0;
  std::chrono::milliseconds timeout{3'000};  // Of one step.
};

struct DoctorEnvironment {
  Disk& disk;
  Net& net;
};

// Files and folders of the application: definition, SQL, logs of the agent, what outputs and targets write.
void ExamineFiles(const Definition& definition, const DoctorOptions& options, const DoctorEnvironment& environment,
                  Examination& examination);
// Data folder, disk, descriptors, watches, address.
void ExamineMachine(const DoctorOptions& options, const DoctorEnvironment& environment, Examination& examination);
// Databases, mail servers, web services, object stores, Kafka. Says what the clocks of others told.
void ExamineServices(const Definition& definition, const DoctorOptions& options, const DoctorEnvironment& environment,
                     Examination& examination);
// After the services: whether this machine's clock agrees with theirs.
void ExamineClock(Examination& examination);

// Whether files can be made in the folder, or in the nearest one above it that exists. Nothing stays behind.
Result<std::string> CheckFolderWritable(Disk& disk, const std::string& folder);

}  // namespace tailrace::app
