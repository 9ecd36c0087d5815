"""The rules of the tree. Each takes a Tree and answers with its findings, one line each."""

import re
from pathlib import PurePosixPath

# Who may include what of ours; tests may include everything.
MAY_INCLUDE = {
    "common": {"common"},
    "proto": {"proto"},
    "auth": {"auth", "common", "proto"},
    "discovery": {"discovery", "common", "proto"},
    "engine_launcher": {"engine_launcher", "common", "proto"},
    "server": {"server", "auth", "discovery", "engine_launcher", "common", "proto"},
    "cli": {"cli", "common", "proto"},
}
# Parts of the server that only the composition root (server/*.cc) puts together.
SERVER_ENDS = ("server/http2", "server/admin", "server/http", "server/probe")

# A library and the only folders that may include it.
LIBRARIES = {
    "gRPC": (re.compile(r"^grpc(pp)?/|\.grpc\.pb\.h$"),
             ("server/admin", "server/probe", "cli", "proto", "tests")),
    "nghttp2": (re.compile(r"^nghttp2/"), ("server/http2", "tests")),
    "SQLite": (re.compile(r"^(SQLiteCpp/|sqlite3\.h$)"), ("server/store", "tests")),
    "toml++": (re.compile(r"^toml\+\+/"), ("server/config", "tests")),
    "cpp-httplib": (re.compile(r"^httplib\.h$"), ("server/http", "tests")),
}
ZOOKEEPER = re.compile(r"^zookeeper/")

LINES_MAX = 500
COLUMNS_MAX = 100

# What the rule below finds; nothing here sleeps.
SLEEP = {
    (".cc", ".h"): re.compile(r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|[^\w.]sleep\("),
    (".py",): re.compile(r"\btime\.sleep\b|\bimport sleep\b|from time import .*\bsleep\b"),
}


def folder_of(name):
    return str(PurePosixPath(name).parent)


def is_in(name, folders):
    return name.startswith(tuple(f"{folder}/" for folder in folders))


def folders_depend_one_way(tree):
    for name in tree.cpp():
        owner = name.partition("/")[0]
        if owner not in MAY_INCLUDE:
            continue
        for include in tree.includes(name):
            folder, slash, _ = include.partition("/")
            ours = slash and (folder in MAY_INCLUDE or folder == "tests")
            if ours and folder not in MAY_INCLUDE[owner]:
                yield f"{name} includes {include}: {owner} may not know {folder}"


def only_the_root_knows_the_servers_ends(tree):
    for name in tree.cpp():
        if not name.startswith("server/") or folder_of(name) == "server":
            continue
        for include in tree.includes(name):
            for end in SERVER_ENDS:
                if include.startswith(f"{end}/") and folder_of(name) != end:
                    yield f"{name} includes {include}: only server/*.cc put {end} together"


def libraries_stay_where_they_belong(tree):
    for name in tree.cpp():
        for include in tree.includes(name):
            for library, (pattern, folders) in LIBRARIES.items():
                if pattern.search(include) and not is_in(name, folders):
                    yield f"{name} includes {include}: {library} belongs to {', '.join(folders)}"


def one_file_includes_zookeeper(tree):
    users = [name for name in tree.cpp() if not is_in(name, ["tests"])
             and any(ZOOKEEPER.match(include) for include in tree.includes(name))]
    outside = [name for name in users if not is_in(name, ["discovery"]) or not name.endswith(".cc")]
    for name in outside:
        yield f"{name} includes zookeeper.h: only one .cc of discovery does"
    if len(users) > 1 and not outside:
        yield f"zookeeper.h is included by {', '.join(users)}: only one of them may"


def files_are_short(tree):
    for name in tree.ending(".cc", ".h", ".py", ".java", ".sh"):
        lines = tree.text(name).count("\n")
        if lines > LINES_MAX:
            yield f"{name} has {lines} lines: {LINES_MAX} are the most"


def lines_are_short(tree):
    for name in tree.cpp():
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if len(line) > COLUMNS_MAX and 'R"(' not in line:  # raw strings cannot be broken
                yield f"{name}:{number} has {len(line)} columns: {COLUMNS_MAX} are the most"


def todos_have_an_owner(tree):
    word = "TO" + "DO"
    for name in tree.ending(".cc", ".h", ".py", ".java", ".sh", ".proto", "CMakeLists.txt", ".cmake"):
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if re.search(rf"\b{word}\b(?!\([\w.-]+\):)", line):
                yield f"{name}:{number}: {word} without owner: write {word}(name): what and until when"


def tests_never_sleep(tree):
    for suffixes, pattern in SLEEP.items():
        for name in tree.ending(*suffixes):
            if not is_in(name, ["tests"]) or is_in(name, ["tests/tidy"]):
                continue
            for number, line in enumerate(tree.text(name).splitlines(), 1):
                if pattern.search(line):
                    yield f"{name}:{number} sleeps: await the event, with a deadline"


def every_source_is_built(tree):
    for name in tree.ending(".cc"):
        folder = PurePosixPath(name).parent
        lists = [parent / "CMakeLists.txt" for parent in [folder, *folder.parents]]
        path_from = {str(file): str(PurePosixPath(name).relative_to(file.parent)) for file in lists}
        known = any(file in tree.names and re.search(rf"(?<![\w/]){re.escape(path)}\b", tree.text(file))
                    for file, path in path_from.items())
        if not known:
            yield f"{name} is in no CMakeLists.txt"


def every_folder_has_a_readme(tree):
    folders = {folder_of(name) for name in tree.cpp() if not name.startswith("tests/")}
    folders |= {"tests", "proto", "tests/fake_engine"} & {folder_of(name) for name in tree.names}
    for folder in sorted(folders):
        if f"{folder}/README.md" not in tree.names:
            yield f"{folder} has no README.md"


def headers_have_pragma_once(tree):
    for name in tree.ending(".h"):
        if "#pragma once" not in tree.text(name):
            yield f"{name} has no #pragma once"


def links_lead_somewhere(tree):
    for name in tree.ending(".md"):
        for link in re.findall(r"\]\(([^)#\s]+)", tree.text(name)):
            if "://" in link:
                continue
            target = (tree.root / PurePosixPath(name).parent / link).resolve()
            if not target.exists():
                yield f"{name} links to {link}, which does not exist"


def loops_keep_what_they_go_through(tree):
    """A snapshot: until C++23 a temporary in a range-for is gone before its first turn."""
    for name in tree.cpp():
        for number, line in enumerate(tree.text(name).splitlines(), 1):
            if re.search(r"for \(.* : .*(Get|View)\(\)(->|\.)\w+\)", line):
                yield f"{name}:{number} goes through a part of a temporary: give it a name first"


RULES = [
    folders_depend_one_way,
    only_the_root_knows_the_servers_ends,
    libraries_stay_where_they_belong,
    one_file_includes_zookeeper,
    files_are_short,
    lines_are_short,
    loops_keep_what_they_go_through,
    todos_have_an_owner,
    tests_never_sleep,
    every_source_is_built,
    every_folder_has_a_readme,
    headers_have_pragma_once,
    links_lead_somewhere,
]
