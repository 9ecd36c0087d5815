#include "server/config/config_loader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <set>
#include <system_error>
#include <thread>
#include <utility>

#include "server/config/config_defaults.h"
#include "server/config/config_schema.h"
#include "server/config/config_value.h"
#include "server/config/nearest_name.h"

namespace foxfire::server {
namespace {

constexpr uint64_t kFileBytesMax = 1U << 20;
constexpr size_t kProfileNameBytesMax = 64;

// Profile names travel in metadata, ZooKeeper paths and file names.
bool IsProfileName(std::string_view name) {
  return !name.empty() && name.size() <= kProfileNameBytesMax &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return c < 0x80 && (std::isalnum(c) != 0 || c == '-' || c == '_');
         });
}

// The only place where toml++ may throw.
tl::expected<toml::table, ConfigError> ParseToml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return tl::unexpected(ConfigError{file, error.source().begin.line, "",
                                      fmt::format("not TOML: {}", error.description()),
                                      "correct this line"});
  } catch (const std::exception& error) {
    return tl::unexpected(ConfigError{file, 0, "", fmt::format("not TOML: {}", error.what()), ""});
  }
}

// Goes through one file's tables. Used once, by one thread.
class Reader {
 public:
  explicit Reader(LoadedConfig& loaded) : loaded_(loaded) {}

  void Read(const toml::table& root);
  ConfigErrors TakeErrors() { return std::move(errors_); }

 private:
  void ReadProfiles(const toml::node& node, uint32_t line);
  const toml::table* ProfileTable(const std::string& name, const toml::key& key,
                                  const toml::node& node);
  // `heirs` wait for it, each for the next one.
  void ReadProfile(const std::string& name, std::vector<std::string> heirs);
  std::string ParentOf(const std::string& name, const std::vector<std::string>& heirs);
  void ReadOwners(std::string_view kind, std::string_view section,
                  std::map<std::string, OwnerConfig>& into, const toml::table& root);
  // Sections of which there may be many; `target` makes what one is read into.
  void ReadNamed(std::string_view kind, std::string_view section, const toml::table& root,
                 const std::function<FieldTarget(const std::string& name)>& target);
  void ReadSection(std::string_view section, const std::string& title, const toml::table& table,
                   const FieldTarget& target);
  void RecordLines(const std::string& prefix, const toml::table& table);
  void UnknownSection(const std::string& name, const toml::node& node, uint32_t line);
  void UnknownKey(std::string_view section, const std::string& title, const std::string& name,
                  uint32_t line);
  void Add(uint32_t line, std::string key, std::string what, std::string cure) {
    errors_.push_back({loaded_.file, line, std::move(key), std::move(what), std::move(cure)});
  }

  LoadedConfig& loaded_;
  ConfigErrors errors_;
  std::map<std::string, const toml::table*> profiles_;  // those still to be read
  std::set<std::string> profiles_read_;
};

void Reader::Read(const toml::table& root) {
  const auto sections = ConfigSections();
  for (const auto& [key, node] : root) {
    const std::string name(key.str());
    const uint32_t line = key.source().begin.line;
    loaded_.lines[name] = line;
    if (name == "profile") {
      ReadProfiles(node, line);
    } else if (name == "group" || name == "user" || name == "route") {
      continue;  // below
    } else if (std::find(sections.begin(), sections.end(), name) == sections.end()) {
      UnknownSection(name, node, line);
    } else if (const auto* table = node.as_table()) {
      ReadSection(name, name, *table, {&loaded_.config});
    } else {
      Add(line, name, fmt::format("expected a section, got {}", TomlTypeName(node)),
          fmt::format("write [{}] on a line of its own", name));
    }
  }
  // They begin as copies of what [engine] says.
  ReadOwners("group", kGroupSection, loaded_.config.groups, root);
  ReadOwners("user", kUserSection, loaded_.config.users, root);
  ReadNamed("route", kRouteSection, root, [this](const std::string& name) {
    return FieldTarget{&loaded_.config, nullptr, nullptr, &loaded_.config.routes[name]};
  });
}

void Reader::ReadOwners(std::string_view kind, std::string_view section,
                        std::map<std::string, OwnerConfig>& into, const toml::table& root) {
  ReadNamed(kind, section, root, [this, &into](const std::string& name) {
    OwnerConfig& owner = into[name];
    owner.sharing = loaded_.config.engine.sharing;
    return FieldTarget{&loaded_.config, nullptr, &owner};
  });
}

void Reader::ReadNamed(std::string_view kind, std::string_view section, const toml::table& root,
                       const std::function<FieldTarget(const std::string& name)>& target) {
  const toml::node* const node = root.get(kind);
  if (node == nullptr) return;
  const auto* const table = node->as_table();
  if (table == nullptr)
    return Add(node->source().begin.line, std::string(kind),
               fmt::format("expected a section, got {}", TomlTypeName(*node)),
               fmt::format("write [{}] on a line of its own", section));
  for (const auto& [key, one] : *table) {
    const std::string name(key.str());
    const std::string title = fmt::format("{}.{}", kind, name);
    loaded_.lines[title] = key.source().begin.line;
    if (const auto* settings = one.as_table()) {
      ReadSection(section, title, *settings, target(name));
    } else {
      Add(key.source().begin.line, title,
          fmt::format("expected a section, got {}", TomlTypeName(one)),
          fmt::format("write [{}] on a line of its own", section));
    }
  }
}

void Reader::ReadProfiles(const toml::node& node, uint32_t line) {
  const auto* table = node.as_table();
  if (table == nullptr)
    return Add(line, "profile", fmt::format("expected a section, got {}", TomlTypeName(node)),
               "write [profile.default] on a line of its own");
  for (const auto& [key, profile] : *table) {
    const std::string name(key.str());
    if (const auto* settings = ProfileTable(name, key, profile)) profiles_[name] = settings;
  }
  for (const auto& [name, settings] : profiles_) ReadProfile(name, {});
}

// nullptr, and reported, if it is none.
const toml::table* Reader::ProfileTable(const std::string& name, const toml::key& key,
                                        const toml::node& node) {
  const std::string title = "profile." + name;
  const uint32_t line = key.source().begin.line;
  loaded_.lines[title] = line;
  const auto* table = node.as_table();
  if (!IsProfileName(name)) {
    Add(line, title, "not a profile's name",
        fmt::format("use up to {} of A-Z a-z 0-9 - _", kProfileNameBytesMax));
    return nullptr;
  }
  if (table == nullptr) {
    const bool is_key = FindConfigKey(kProfileSection, name) != nullptr;
    Add(line, title, fmt::format("expected a section, got {}", TomlTypeName(node)),
        is_key ? fmt::format("move {} into [profile.default]", name)
               : fmt::format("write [{}] on a line of its own", title));
  }
  return table;
}

void Reader::ReadProfile(const std::string& name, std::vector<std::string> heirs) {
  const auto found = profiles_.find(name);
  if (found == profiles_.end() || !profiles_read_.insert(name).second) return;
  heirs.push_back(name);
  auto& profiles = loaded_.config.profiles;
  ProfileConfig profile;
  if (const std::string parent = ParentOf(name, heirs); parent != name) {
    ReadProfile(parent, heirs);
    profile = profiles[parent];
    profile.inherits = kDefaultProfile;
  }
  ReadSection(kProfileSection, "profile." + name, *found->second, {&loaded_.config, &profile});
  profiles[name] = std::move(profile);
}

// The default one is its own parent. `heirs` ends with `name`.
std::string Reader::ParentOf(const std::string& name, const std::vector<std::string>& heirs) {
  const toml::node* const node = profiles_[name]->get("inherits");
  const auto* const text = node == nullptr ? nullptr : node->as_string();
  if (text == nullptr || text->get() == kDefaultProfile) return kDefaultProfile;
  const std::string& parent = text->get();
  std::string what;
  std::string cure = "name another profile, or none";
  if (name == kDefaultProfile) {
    what = "the default profile inherits from no other";
    cure = "remove it";
  } else if (profiles_.count(parent) == 0) {
    what = fmt::format("there is no profile \"{}\"", parent);
    cure = fmt::format("correct it, or write a section [profile.{}]", parent);
  } else if (std::find(heirs.begin(), heirs.end(), parent) != heirs.end()) {
    what = fmt::format("goes round in a circle: {}, {}", fmt::join(heirs, ", "), parent);
  } else {
    return parent;
  }
  Add(node->source().begin.line, fmt::format("profile.{}.inherits", name), what, cure);
  return kDefaultProfile;
}

void Reader::ReadSection(std::string_view section, const std::string& title,
                         const toml::table& table, const FieldTarget& target) {
  for (const auto& [toml_key, node] : table) {
    const std::string name(toml_key.str());
    const std::string full = title + "." + name;
    const uint32_t line = toml_key.source().begin.line;
    loaded_.lines[full] = line;
    if (const auto* nested = node.as_table()) RecordLines(full + ".", *nested);
    const ConfigKey* key = FindConfigKey(section, name);
    if (key == nullptr) {
      UnknownKey(section, title, name, line);
      continue;
    }
    AssignField(node, *key, key->field(target),
                [&](const toml::node& where, std::string what, std::string cure) {
                  Add(where.source().begin.line, full, std::move(what), std::move(cure));
                });
  }
}

void Reader::RecordLines(const std::string& prefix, const toml::table& table) {
  for (const auto& [key, node] : table) {
    const std::string full = prefix + std::string(key.str());
    loaded_.lines[full] = key.source().begin.line;
    if (const auto* nested = node.as_table()) RecordLines(full + ".", *nested);
  }
}

void Reader::UnknownSection(const std::string& name, const toml::node& node, uint32_t line) {
  auto sections = ConfigSections();
  for (std::string_view& section : sections) section = section.substr(0, section.find('.'));
  const std::string_view nearest = NearestName(name, sections);
  if (!node.is_table())
    return Add(line, name, "this key is in no section", "move it below a line such as [server]");
  Add(line, name, "unknown section",
      nearest.empty() ? fmt::format("the sections are {}", fmt::join(sections, ", "))
                      : fmt::format("did you mean [{}]?", nearest));
}

void Reader::UnknownKey(std::string_view section, const std::string& title, const std::string& name,
                        uint32_t line) {
  std::vector<std::string_view> here;
  std::string_view elsewhere;
  for (const ConfigKey& key : ConfigKeys()) {
    if (key.section == section)
      here.push_back(key.name);
    else if (key.name == name)
      elsewhere = key.section;
  }
  const std::string_view nearest = NearestName(name, here);
  std::string cure = "remove it; the keys are in docs/configuration.md";
  if (!nearest.empty())
    cure = fmt::format("did you mean {}?", nearest);
  else if (!elsewhere.empty())
    cure = fmt::format("{} belongs to [{}]", name, elsewhere);
  Add(line, title + "." + name, "unknown key", std::move(cure));
}

}  // namespace

LoadContext CurrentLoadContext() {
  std::error_code error;
  const Path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return {program.parent_path(), std::max(1U, std::thread::hardware_concurrency())};
}

ConfigError LoadedConfig::ErrorAt(std::string key, std::string what, std::string cure) const {
  uint32_t line = 0;
  for (std::string name = key;;) {
    const auto found = lines.find(name);
    if (found != lines.end()) {
      line = found->second;
      break;
    }
    const size_t dot = name.rfind('.');
    if (dot == std::string::npos) break;
    name.resize(dot);
  }
  return {file, line, std::move(key), std::move(what), std::move(cure)};
}

tl::expected<LoadedConfig, ConfigErrors> ParseConfig(std::string_view text, const Path& file,
                                                     const LoadContext& context) {
  LoadedConfig loaded;
  loaded.file = file.string();
  const auto root = ParseToml(text, loaded.file);
  if (!root) return tl::unexpected(ConfigErrors{root.error()});
  Reader reader(loaded);
  reader.Read(*root);
  ConfigErrors errors = reader.TakeErrors();
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  std::error_code error;
  const Path absolute = std::filesystem::absolute(file, error);
  FillIn(loaded.config, absolute.parent_path(), context);
  return loaded;
}

tl::expected<LoadedConfig, ConfigErrors> LoadConfig(const Path& file, const LoadContext& context) {
  const auto text = ReadFile(file, kFileBytesMax);
  if (!text)
    return tl::unexpected(ConfigErrors{
        {file.string(), 0, "", text.error().message, "name a configuration file with --config"}});
  return ParseConfig(*text, file, context);
}

}  // namespace foxfire::server
