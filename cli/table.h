// Aligned columns of text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace foxfire::cli {

enum class Align { kLeft, kRight };

// Cells are made safe for a terminal: control characters, which a client may have put into its own
// name, become '?'. Thread-compatible.
class Table {
 public:
  void AddColumn(std::string header, Align align = Align::kLeft);
  // One cell a column; an empty one shows as "-".
  void AddRow(const std::vector<std::string>& cells);

  // A line for the headers and one for each row. With a `width` the widest columns are cut until
  // lines fit; without one nothing is.
  std::string Render(std::optional<size_t> width) const;

 private:
  std::vector<size_t> Widths(std::optional<size_t> limit) const;

  std::vector<std::string> headers_;
  std::vector<Align> aligns_;
  std::vector<std::vector<std::string>> rows_;
};

// Text of several lines with its control characters, but for tabs and ends of lines, as '?'.
std::string SafeText(std::string_view text);

// "name: value" lines with the values aligned.
std::string RenderFields(const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace foxfire::cli
