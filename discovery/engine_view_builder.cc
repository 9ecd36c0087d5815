#include "discovery/engine_view_builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/encoding.h"
#include "common/log.h"
#include "discovery/records.h"

namespace foxfire::discovery {
namespace {

constexpr Duration kRetryFailed = std::chrono::seconds(1);
constexpr Duration kRetryUnreadable = std::chrono::seconds(30);

std::shared_ptr<const DirectoryView> FirstView() {
  DirectoryView view;
  view.stale = true;
  return std::make_shared<const DirectoryView>(std::move(view));
}

bool SameView(const DirectoryView& a, const DirectoryView& b) {
  return a.synced == b.synced && a.stale == b.stale && a.engines == b.engines &&
         a.broken == b.broken;
}

// Erases all entries whose name is not in `names`.
template <typename Entry>
void KeepOnly(const std::vector<std::string>& names, std::map<std::string, Entry>& entries) {
  const std::set<std::string> kept(names.begin(), names.end());
  std::erase_if(entries, [&](const auto& entry) { return kept.count(entry.first) == 0; });
}

}  // namespace

EngineViewBuilder::EngineViewBuilder(NodeClient& client, const NodeLayout& layout,
                                     Executor& executor, DiscoveryStats& stats,
                                     std::function<void()> changed)
    : client_(client),
      layout_(layout),
      executor_(executor),
      stats_(stats),
      changed_(std::move(changed)),
      view_(FirstView()) {
  stats_.stale.Set(1);
}

void EngineViewBuilder::Connected() {
  connected_ = true;
  ReadAll();
}

void EngineViewBuilder::Disconnected() {
  connected_ = false;
  stale_ = true;
  PublishSoon();
}

void EngineViewBuilder::Stop() {
  connected_ = false;
  executor_.Cancel(retry_);
}

void EngineViewBuilder::HandleEvent(NodeEvent event, const std::string& path) {
  const std::string engines = layout_.Engines();
  if (!connected_ || !path.starts_with(engines)) return;
  if (path == engines) return ReadAll();
  if (path[engines.size()] != '/') return;
  const std::string rest = path.substr(engines.size() + 1);
  const size_t slash = rest.find('/');
  if (slash != std::string::npos)
    return HandleEngineEvent(event, rest.substr(0, slash), rest.substr(slash + 1));
  if (event != NodeEvent::kDeleted) return ReadKey(rest);
  if (keys_.erase(rest) > 0) PublishSoon();
}

void EngineViewBuilder::HandleEngineEvent(NodeEvent event, const std::string& key_name,
                                          const std::string& name) {
  const auto key = keys_.find(key_name);
  if (key == keys_.end()) return;
  if (event != NodeEvent::kDeleted) return ReadEngine(key_name, name);
  if (key->second.engines.erase(name) > 0) PublishSoon();
}

void EngineViewBuilder::ReadAll() {
  Began();
  client_.Children(layout_.Engines(), true, [this](Result<std::vector<std::string>> names) {
    if (names) {
      KeysListed(*names);
    } else {
      incomplete_ = true;
      if (names.error().code == Code::kNotFound) keys_.clear();
      if (names.error().code != Code::kUnavailable)
        Log("discovery").error("{}; trying again", names.error().message);
    }
    Ended();
  });
}

void EngineViewBuilder::KeysListed(const std::vector<std::string>& names) {
  KeepOnly(names, keys_);
  for (const std::string& name : names) {
    const auto [entry, is_new] = keys_.try_emplace(name);
    if (is_new) {
      auto key = EngineKey::Parse(name);
      if (key) {
        entry->second.key = std::move(*key);
      } else {
        entry->second.why_broken = key.error().message + "; delete the node";
      }
    }
    if (entry->second.key) ReadKey(name);
  }
}

void EngineViewBuilder::ReadKey(const std::string& name) {
  Began();
  client_.Children(layout_.Engines() + "/" + name, true,
                   [this, name](Result<std::vector<std::string>> names) {
                     const auto key = keys_.find(name);
                     if (key != keys_.end()) {
                       if (names) {
                         key->second.why_broken.clear();
                         EnginesListed(name, *names);
                       } else if (names.error().code == Code::kNotFound) {
                         keys_.erase(key);
                       } else if (IsBroken(names.error())) {
                         key->second.why_broken = names.error().message;
                       }
                     }
                     Ended();
                   });
}

void EngineViewBuilder::EnginesListed(const std::string& key_name,
                                      const std::vector<std::string>& names) {
  Key& key = keys_.at(key_name);
  KeepOnly(names, key.engines);
  for (const std::string& name : names) {
    key.engines.try_emplace(name);
    ReadEngine(key_name, name);
  }
}

void EngineViewBuilder::ReadEngine(const std::string& key_name, const std::string& name) {
  Began();
  client_.Get(layout_.Engines() + "/" + key_name + "/" + name, true,
              [this, key_name, name](Result<NodeData> node) {
                EngineRead(key_name, name, node);
                Ended();
              });
}

void EngineViewBuilder::EngineRead(const std::string& key_name, const std::string& name,
                                   const Result<NodeData>& node) {
  const auto key = keys_.find(key_name);
  if (key == keys_.end() || !key->second.key) return;
  const auto engine = key->second.engines.find(name);
  if (engine == key->second.engines.end()) return;
  if (!node) {
    if (node.error().code == Code::kNotFound) {
      key->second.engines.erase(engine);
    } else if (IsBroken(node.error())) {
      engine->second = {std::nullopt, node.error().message};
    }
    return;
  }
  const auto id = PercentDecode(name);
  if (!id || !IsUuid(*id)) {
    engine->second = {std::nullopt, "the name of an engine's node must be a UUID; delete the node"};
    return;
  }
  auto record = ParseEngineRecord(*key->second.key, EngineId(*id), node->data);
  if (record) {
    engine->second = {std::move(*record), ""};
  } else {
    engine->second = {std::nullopt, record.error().message};
  }
}

bool EngineViewBuilder::IsBroken(const Error& error) {
  if (error.code == Code::kPermissionDenied) {
    unreadable_ = true;
    return true;
  }
  incomplete_ = true;
  return error.code != Code::kUnavailable;
}

void EngineViewBuilder::Ended() {
  if (--reads_ > 0) {
    // The first view waits until it is whole; later ones show each change at once.
    if (synced_) PublishSoon();
    return;
  }
  if (connected_ && !incomplete_) {
    synced_ = true;
    stale_ = false;
  }
  if (connected_ && incomplete_) {
    ReadAgainAfter(kRetryFailed);
  } else if (unreadable_) {
    ReadAgainAfter(kRetryUnreadable);
  }
  incomplete_ = unreadable_ = false;
  PublishSoon();
}

void EngineViewBuilder::ReadAgainAfter(Duration delay) {
  executor_.Cancel(retry_);
  retry_ = executor_.PostAfter(delay, [this] {
    if (connected_) ReadAll();
  });
}

void EngineViewBuilder::PublishSoon() {
  if (publishing_) return;
  publishing_ = true;
  executor_.Post([this] { Publish(); });
}

void EngineViewBuilder::Publish() {
  publishing_ = false;
  auto view = std::make_shared<const DirectoryView>(MakeView());
  if (SameView(*view, *View())) return;
  size_t engines = 0;
  for (const auto& [key, records] : view->engines) engines += records.size();
  stats_.engines.Set(static_cast<double>(engines));
  stats_.broken_nodes.Set(static_cast<double>(view->broken.size()));
  stats_.stale.Set(view->stale ? 1 : 0);
  LogBroken(*view);
  view_.Set(std::move(view));
  changed_();
}

DirectoryView EngineViewBuilder::MakeView() const {
  DirectoryView view;
  view.synced = synced_;
  view.stale = stale_;
  if (!synced_) return view;
  for (const auto& [key_name, key] : keys_) {
    const std::string key_path = layout_.Engines() + "/" + key_name;
    if (!key.why_broken.empty()) view.broken.push_back({key_path, key.why_broken});
    std::vector<EngineRecord> records;
    for (const auto& [name, engine] : key.engines) {
      if (engine.record) records.push_back(*engine.record);
      if (!engine.why_broken.empty())
        view.broken.push_back({key_path + "/" + name, engine.why_broken});
    }
    if (records.empty()) continue;
    std::sort(records.begin(), records.end(), [](const EngineRecord& a, const EngineRecord& b) {
      return std::tie(a.started_at, a.id) < std::tie(b.started_at, b.id);
    });
    view.engines.emplace(*key.key, std::move(records));
  }
  return view;
}

void EngineViewBuilder::LogBroken(const DirectoryView& view) {
  std::set<std::pair<std::string, std::string>> broken;
  for (const BrokenNode& node : view.broken) {
    if (logged_.count({node.path, node.why}) == 0)
      Log("discovery").warn("broken ZooKeeper node {}: {}", node.path, node.why);
    broken.emplace(node.path, node.why);
  }
  logged_ = std::move(broken);
}

}  // namespace foxfire::discovery
