#include "auth/bootstrap.h"

#include <fmt/format.h>

#include "auth/principal.h"
#include "auth/token_mint.h"
#include "auth/token_store.h"
#include "common/file_lock.h"
#include "common/log.h"

namespace foxfire::auth {
namespace {

bool Exists(const Path& path) {
  std::error_code error;
  // Where the answer is unknown (a folder that cannot be entered), reading it later says why.
  return std::filesystem::exists(path, error) || error;
}

Result<void> MakeFolderOf(const Path& path) {
  if (!path.has_parent_path()) return {};
  return MakeFolder(path.parent_path(), 0700);
}

}  // namespace

Result<bool> EnsureAdminToken(const Path& token_file_path, const Path& admin_token_path,
                              const Clock& clock) {
  if (admin_token_path.empty() || Exists(token_file_path)) return false;
  const std::string context = "making the first administrator's token";
  RETURN_IF_ERROR_CONTEXT(MakeFolderOf(token_file_path), context);
  RETURN_IF_ERROR_CONTEXT(MakeFolderOf(admin_token_path), context);
  auto lock = FileLock::Take(TokenLockPath(token_file_path), kTokenLockPatience);
  if (!lock) return WithContext(std::move(lock).error(), context);
  if (Exists(token_file_path)) return false;  // another gateway was first

  TokenRequest request;
  request.user = "admin";
  request.roles = {kAdminRole};
  request.created_by = "foxfired";
  auto minted = MintToken(request, clock.WallNow());
  if (!minted) return WithContext(std::move(minted).error(), context);
  // The token before the file: a crash in between is mended by the next start.
  RETURN_IF_ERROR_CONTEXT(
      WriteFileAtomically(admin_token_path, std::string(minted->token.Reveal()) + "\n", 0600),
      context);
  RETURN_IF_ERROR_CONTEXT(WriteTokenFile(token_file_path, {minted->record}), context);
  Log("auth").info("made a first administrator's token id={} user=admin file={}", minted->record.id,
                   admin_token_path.string());
  return true;
}

}  // namespace foxfire::auth
