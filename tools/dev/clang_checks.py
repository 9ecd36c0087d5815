"""Runs clang over every source of build/release/compile_commands.json.

tidy           clang-tidy with .clang-tidy
thread-safety  clang++ -fsyntax-only -Wthread-safety -Werror

Without the precompiled headers, so a source that does not include what it uses is found.
"""

import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build" / "release"
TIDY = BUILD / "tidy"  # a compilation database for clang-tidy


def sources() -> list[dict]:
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    return [entry for entry in entries if not entry["file"].startswith(str(BUILD))]


def without_precompiled(command: str) -> str:
    return re.sub(r" -include \S+/cmake_pch\.hxx", "", command).replace(" -Winvalid-pch", "")


def thread_safety_command(entry: dict) -> list[str]:
    arguments = shlex.split(without_precompiled(entry["command"]))
    compiler = next(i for i, word in enumerate(arguments) if word.endswith(("c++", "g++")))
    kept = []
    skip = False
    for word in arguments[compiler + 1 :]:
        if skip:
            skip = False
        elif word in ("-o", "-MF", "-MT"):
            skip = True
        elif word not in ("-c", "-MD"):
            kept.append(word)
    return ["clang++", "-fsyntax-only", "-Wthread-safety", "-Werror", *kept]


def tidy_command(entry: dict) -> list[str]:
    return ["clang-tidy", "--quiet", "-p", str(TIDY), entry["file"]]


def write_tidy_commands(entries: list[dict]) -> None:
    TIDY.mkdir(exist_ok=True)
    cleaned = [entry | {"command": without_precompiled(entry["command"])} for entry in entries]
    (TIDY / "compile_commands.json").write_text(json.dumps(cleaned))


def run(command: list[str], entry: dict) -> str:
    done = subprocess.run(command, cwd=entry["directory"], capture_output=True, text=True)
    return "" if done.returncode == 0 else f"{entry['file']}\n{done.stdout}{done.stderr}"


def main() -> int:
    make = {"tidy": tidy_command, "thread-safety": thread_safety_command}[sys.argv[1]]
    entries = sources()
    write_tidy_commands(entries)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for finding in pool.map(lambda entry: run(make(entry), entry), entries):
            if finding:
                failed += 1
                print(finding, flush=True)
    print(f"{len(entries)} files, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
