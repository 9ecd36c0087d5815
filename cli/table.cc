#include "cli/table.h"

#include <algorithm>
#include <utility>

namespace foxfire::cli {
namespace {

constexpr size_t kNarrowest = 8;
constexpr std::string_view kGap = "  ";
constexpr std::string_view kEllipsis = "…";

bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// In characters, taking each for one column wide.
size_t Length(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !IsContinuation(c); }));
}

std::string Cut(const std::string& text, size_t width) {
  if (Length(text) <= width) return text;
  size_t end = 0;
  for (size_t kept = 0; end < text.size(); ++end) {
    if (!IsContinuation(text[end]) && kept++ + 1 == width) break;
  }
  return text.substr(0, end).append(kEllipsis);
}

std::string Safe(std::string_view text, std::string_view allowed) {
  std::string safe;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const auto next = static_cast<unsigned char>(i + 1 < text.size() ? text[i + 1] : 0);
    // U+0080 to U+009F are control characters too: C2 80 to C2 9F.
    const bool is_c1 = c == 0xC2 && next >= 0x80 && next < 0xA0;
    const bool is_control = is_c1 || c == 0x7F || c < 0x20;
    safe += is_control && allowed.find(text[i]) == std::string_view::npos ? '?' : text[i];
    if (is_c1) ++i;
  }
  return safe;
}

void AppendCell(std::string& line, const std::string& cell, size_t width, Align align) {
  const std::string text = Cut(cell, width);
  const std::string padding(width - std::min(width, Length(text)), ' ');
  line += align == Align::kRight ? padding + text : text + padding;
}

}  // namespace

void Table::AddColumn(std::string header, Align align) {
  headers_.push_back(std::move(header));
  aligns_.push_back(align);
}

void Table::AddRow(const std::vector<std::string>& cells) {
  std::vector<std::string> row;
  for (size_t i = 0; i < headers_.size(); ++i) {
    row.push_back(i < cells.size() && !cells[i].empty() ? Safe(cells[i], "") : "-");
  }
  rows_.push_back(std::move(row));
}

std::string Table::Render(std::optional<size_t> width) const {
  const std::vector<size_t> widths = Widths(width);
  std::string text;
  const auto append = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      if (i > 0) line += kGap;
      AppendCell(line, cells[i], widths[i], aligns_[i]);
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  };
  append(headers_);
  for (const auto& row : rows_) append(row);
  return text;
}

std::vector<size_t> Table::Widths(std::optional<size_t> limit) const {
  std::vector<size_t> widths;
  size_t total = 0;
  for (size_t i = 0; i < headers_.size(); ++i) {
    size_t widest = Length(headers_[i]);
    for (const auto& row : rows_) widest = std::max(widest, Length(row[i]));
    widths.push_back(widest);
    total += widest + (i > 0 ? kGap.size() : 0);
  }
  while (limit && total > *limit) {
    const auto widest = std::max_element(widths.begin(), widths.end());
    const size_t narrowest =
        std::max(kNarrowest, Length(headers_[static_cast<size_t>(widest - widths.begin())]));
    if (widest == widths.end() || *widest <= narrowest) break;
    --*widest;
    --total;
  }
  return widths;
}

std::string SafeText(std::string_view text) { return Safe(text, "\n\t"); }

std::string RenderFields(const std::vector<std::pair<std::string, std::string>>& fields) {
  size_t widest = 0;
  for (const auto& [name, value] : fields) widest = std::max(widest, Length(name));
  std::string text;
  for (const auto& [name, value] : fields) {
    text += name + ":" + std::string(widest - Length(name) + 2, ' ');
    text += (value.empty() ? "-" : Safe(value, "")) + "\n";
  }
  return text;
}

}  // namespace foxfire::cli
