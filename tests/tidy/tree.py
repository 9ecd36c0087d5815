"""The files of a checkout, as the rules look at them."""

import re
import subprocess
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s+[<"]([^>"]+)[>"]', re.MULTILINE)


class Tree:
    def __init__(self, root, names):
        self.root = Path(root)
        self.names = sorted(names)

    @staticmethod
    def of_repository(root):
        """What git knows or would take in."""
        listed = subprocess.run(
            ["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout.splitlines()
        return Tree(root, [name for name in listed if (Path(root) / name).is_file()])

    @staticmethod
    def of_folder(root):
        root = Path(root)
        return Tree(root, [str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()])

    def text(self, name):
        return (self.root / name).read_text(encoding="utf-8")

    def ending(self, *suffixes):
        return [name for name in self.names if name.endswith(suffixes)]

    def cpp(self):
        return self.ending(".cc", ".h")

    def includes(self, name):
        return INCLUDE.findall(self.text(name))

    def under(self, folder):
        return [name for name in self.names if name.startswith(f"{folder}/")]
