"""Counts test cases in JUnit files: "passed failed", for ./dev test.

The argument is a pytest JUnit file, or a folder with ctest's file and those of the gtest programs.
A gtest program that ended without writing its file (a crash, a time-out) counts as one failure.
"""

import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


def count_cases(file: Path) -> tuple[int, int]:
    passed = failed = 0
    for case in ElementTree.parse(file).iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is None and case.get("status") != "notrun":
            passed += 1
        else:
            failed += 1  # nothing may be skipped
    return passed, failed


def count_folder(folder: Path) -> tuple[int, int]:
    passed = failed = 0
    for program in ElementTree.parse(folder / "ctest.junit").iter("testcase"):
        own = folder / f"{program.get('name')}.xml"
        ended_well = program.get("status") == "run"
        cases = count_cases(own) if own.exists() else (0, 0)
        passed += cases[0]
        failed += cases[1]
        if not ended_well and cases[1] == 0:
            failed += 1
        if ended_well and not own.exists():
            passed += 1
    return passed, failed


def main() -> int:
    path = Path(sys.argv[1])
    passed, failed = count_folder(path) if path.is_dir() else count_cases(path)
    print(passed, failed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
