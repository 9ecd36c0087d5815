"""The Spark that tests run on: FOXFIRE_TEST_SPARK_HOME, or else the `pyspark` of this Python."""

import functools
import importlib.util
import os
import shutil
from pathlib import Path


@functools.lru_cache(maxsize=None)
def spark_home() -> Path:
    given = os.environ.get("FOXFIRE_TEST_SPARK_HOME")
    if given:
        home = Path(given)
    else:
        spec = importlib.util.find_spec("pyspark")
        if spec is None:
            raise RuntimeError("no Spark: set FOXFIRE_TEST_SPARK_HOME or install pyspark")
        home = Path(spec.origin).parent
    if not (home / "jars").is_dir():
        raise RuntimeError(f"{home} has no folder jars: it is no Spark home")
    return home


def spark_jars(*prefixes: str) -> list[Path]:
    """Spark's jars whose file names begin with one of `prefixes`."""
    jars = sorted((spark_home() / "jars").glob("*.jar"))
    return [jar for jar in jars if jar.name.startswith(prefixes)]


def java() -> str:
    home = os.environ.get("JAVA_HOME")
    found = os.path.join(home, "bin", "java") if home else shutil.which("java")
    if not found:
        raise RuntimeError("no Java: set JAVA_HOME or put java on the PATH")
    return found
