// How an engine is ended where no signal reaches it: by the cluster manager that runs it. Pure
// functions but for FindProgram.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine_launcher/engine_command.h"

namespace foxfire::launcher {

// The argv and environment of the command. FAILED_PRECONDITION: there is no way to end engines of
// this profile from here; says what to do by hand. A standalone cluster's engine needs its
// `submission_id`. argv[0] may be a bare name.
Result<EngineCommand> MakeKillCommand(const EngineCommandInput& input, const RemoteEngine& engine);

// "driver-20260102030405-0006" in what spark-submit printed; empty: there is none.
std::string SubmissionIdIn(std::string_view log);

// True if what the command printed says that the cluster manager knows no such engine, or none that
// still runs: nothing is left to do there. An operator's kill_command cannot say that.
bool SaysNotFound(const EngineProfile& profile, std::string_view output);

// The file that `program` means: itself with a slash in it, else the first one of that name on
// `path` ("/usr/bin:/bin"). NOT_FOUND if there is none. Blocks on the disk.
Result<std::string> FindProgram(const std::string& program, const std::string& path);

}  // namespace foxfire::launcher
