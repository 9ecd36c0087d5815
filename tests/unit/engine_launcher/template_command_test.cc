#include "engine_launcher/template_command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "tests/unit/engine_launcher/launch_inputs.h"

namespace foxfire::launcher {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

using Words = std::vector<std::string>;

TEST(TemplateTest, ReplacesWithinAWord) {
  EXPECT_THAT(
      ExpandTemplate({"/bin/x", "--id={engine_id}.{user}", "{{{user}}}", "{{user}}", ""},
                     {{"engine_id", "7"}, {"user", "a b;$(c) {engine_id}"}}),
      ElementsAre("/bin/x", "--id=7.a b;$(c) {engine_id}", "{a b;$(c) {engine_id}}", "{user}", ""));
}

TEST(TemplateTest, AcceptsEveryPlaceholder) {
  for (const char* name : kLaunchPlaceholders)
    EXPECT_TRUE(CheckTemplate({std::string("{") + name + "}"}, false)) << name;
  EXPECT_TRUE(CheckTemplate({"{submission_id}"}, true));
}

TEST(TemplateTest, SaysWhatIsWrong) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"{owner}", "no {owner}; there are {engine_id}, {key}"},
      {"{submission_id}", "no {submission_id}"},
      {"{}", "no {}"},
      {"{user", "\"{user\" has a brace without its partner"},
      {"user}", "brace without its partner; write {{ or }}"},
      {"{a{b}", "brace without its partner"},
      {std::string("a\0b", 3), "NUL"}};
  for (const auto& [word, what] : table) {
    const auto checked = CheckTemplate({"/bin/x", word}, false);
    ASSERT_FALSE(checked) << word;
    EXPECT_EQ(checked.error().code, Code::kInvalidArgument);
    EXPECT_THAT(checked.error().message, HasSubstr(what));
  }
}

TEST(TemplateCommandTest, TellsTheProgramAllItNeeds) {
  LaunchInputs in;
  in.profile.launcher = LauncherKind::kCommand;
  in.profile.launch_command = {"/opt/start",        "{engine_id}",
                               "{properties_file}", "--for={user}/{key}/{profile}",
                               "{folder}",          "{engine_jar}"};

  const EngineCommand command = MakeTemplateCommand(in.Input(), in.request);

  ExpectGolden("launch/command.txt", Described(command));
  EXPECT_THAT(Described(command), Not(HasSubstr("top-secret")));
}

}  // namespace
}  // namespace foxfire::launcher
