"""The repository keeps its own rules (docs/architecture.md), and each rule can fail."""

from pathlib import Path

import pytest

import rules
from tree import Tree

ROOT = Path(__file__).resolve().parents[2]

# (rule, a file that breaks it, its text, what the finding must say)
PLANTED = [
    (rules.folders_depend_one_way, "common/a.h", '#include "server/b.h"\n', "may not know server"),
    (rules.folders_depend_one_way, "auth/a.h", '#include "discovery/b.h"\n', "may not know discovery"),
    (rules.folders_depend_one_way, "discovery/a.cc", '#include "engine_launcher/b.h"\n', "discovery may not"),
    (rules.folders_depend_one_way, "cli/a.cc", '#include "auth/b.h"\n', "cli may not know auth"),
    (rules.folders_depend_one_way, "server/a.cc", '#include "cli/b.h"\n', "server may not know cli"),
    (rules.folders_depend_one_way, "server/a.cc", '#include "tests/b.h"\n', "server may not know tests"),
    (rules.only_the_root_knows_the_servers_ends, "server/call/a.cc", '#include "server/http2/b.h"\n',
     "server/http2"),
    (rules.libraries_stay_where_they_belong, "server/call/a.h", "#include <grpcpp/grpcpp.h>\n", "gRPC"),
    (rules.libraries_stay_where_they_belong, "server/call/a.h", '#include "proto/admin.grpc.pb.h"\n', "gRPC"),
    (rules.libraries_stay_where_they_belong, "server/admin/a.cc", "#include <nghttp2/nghttp2.h>\n", "nghttp2"),
    (rules.libraries_stay_where_they_belong, "server/session/a.cc", "#include <sqlite3.h>\n", "SQLite"),
    (rules.one_file_includes_zookeeper, "discovery/a.h", "#include <zookeeper/zookeeper.h>\n", "one .cc"),
    (rules.one_file_includes_zookeeper, "server/a.cc", "#include <zookeeper/zookeeper.h>\n", "one .cc"),
    (rules.files_are_short, "common/a.cc", "\n" * 501, "501 lines"),
    (rules.lines_are_short, "common/a.cc", "x" * 101 + "\n", "101 columns"),
    (rules.loops_keep_what_they_go_through, "common/a.cc", "for (int i : Get()->all) Use(i);\n", "temporary"),
    (rules.todos_have_an_owner, "common/a.cc", "// TO" + "DO: later\n", "without owner"),
    # Samples that the rule has to find; they never run.
    (rules.tests_never_sleep, "tests/unit/a_test.cc", "std::this_thread::sleep_for(1s);\n", "sleeps"),
    (rules.tests_never_sleep, "tests/e2e/test_a.py", "time.sleep(1)\n", "sleeps"),
    (rules.every_source_is_built, "common/a.cc", "", "in no CMakeLists.txt"),
    (rules.every_folder_has_a_readme, "server/call/a.cc", "", "server/call has no README.md"),
    (rules.headers_have_pragma_once, "common/a.h", "", "no #pragma once"),
    (rules.links_lead_somewhere, "docs/a.md", "see [b](b.md)\n", "links to b.md"),
]


@pytest.fixture(scope="module")
def tree():
    return Tree.of_repository(ROOT)


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
def test_the_repository_keeps(rule, tree):
    findings = list(rule(tree))

    assert not findings, "\n" + "\n".join(findings)


@pytest.mark.parametrize("rule, name, text, finding", PLANTED,
                         ids=[f"{rule.__name__}-{name}" for rule, name, _, _ in PLANTED])
def test_a_planted_breach_is_found(rule, name, text, finding, tmp_path):
    (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / name).write_text(text)

    found = list(rule(Tree.of_folder(tmp_path)))

    assert len(found) == 1 and name.partition(".")[0].rpartition("/")[0] in found[0], found
    assert finding in found[0]


def test_two_files_with_zookeeper_are_one_too_many(tmp_path):
    for name in ("discovery/a.cc", "discovery/b.cc"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("#include <zookeeper/zookeeper.h>\n")

    assert len(list(rules.one_file_includes_zookeeper(Tree.of_folder(tmp_path)))) == 1


def test_every_rule_has_a_planted_breach():
    assert {rule for rule, *_ in PLANTED} == set(rules.RULES)


def test_what_the_rules_allow_is_not_found(tmp_path):
    (tmp_path / "server/admin").mkdir(parents=True)
    (tmp_path / "server/admin/CMakeLists.txt").write_text("add_library(x a.cc)\n")
    (tmp_path / "server/admin/README.md").write_text("# server/admin\n")
    (tmp_path / "server/admin/a.cc").write_text(
        '#include <grpcpp/grpcpp.h>\n#include "auth/b.h"\n// TO' + 'DO(ada): until 2.0\n')

    found = [finding for rule in rules.RULES for finding in rule(Tree.of_folder(tmp_path))]

    assert found == []
