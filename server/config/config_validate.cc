#include "server/config/config_validate.h"

#include "server/config/config_checks.h"

namespace foxfire::server {

ConfigErrors ValidateConfig(const LoadedConfig& loaded) {
  ConfigErrors errors;
  const Checkup check{loaded, errors};
  CheckAddresses(check);
  CheckZooKeeper(check);
  CheckTimesAndLimits(check);
  CheckSharing(check);
  CheckPrestart(check);
  CheckRoutes(check);
  CheckProfiles(check);
  CheckOverrides(check);
  CheckStateFolder(check);
  CheckTls(check);
  CheckPrivateFiles(check);
  CheckEngineFiles(check);
  return errors;
}

}  // namespace foxfire::server
