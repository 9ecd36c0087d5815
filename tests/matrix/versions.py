"""The clients and engines of the matrix: a file in tools/dev/clients for each, and the own one."""

import importlib.metadata
import os
import sys
from pathlib import Path

from support.gateway import ROOT

CLIENTS = Path(os.environ.get("FOXFIRE_TEST_CLIENTS", ROOT / ".cache" / "clients"))
OWN = importlib.metadata.version("pyspark")
LISTS = ROOT / "tools" / "dev" / "clients"
INSTALLED = sorted({file.stem for file in LISTS.glob("*.txt")} | {OWN})

# "thin" is the package pyspark-client: no jars, so no engine; 3.5 carries no Spark Connect server.
FULL = [name for name in INSTALLED if not name.startswith("thin-")]
ENGINES = [version for version in FULL if not version.startswith("3.")]


def python_of(name: str) -> Path:
    """The Python that has this PySpark."""
    return Path(sys.executable) if name == OWN else CLIENTS / name / "bin" / "python"


def home_of(version: str) -> Path:
    """The Spark home inside this PySpark."""
    [home] = python_of(version).parents[1].glob("lib/python3*/site-packages/pyspark")
    return home


def is_older_than_4(name: str) -> bool:
    return name.startswith("3.")


# What a newer client's createDataFrame asks of an engine, and an older engine does not have.
# 4.1 has a size limit, but with a unit that the clients cannot read.
OF_41 = {
    "spark.sql.session.localRelationChunkSizeRows": "10000",
    "spark.sql.session.localRelationChunkSizeBytes": "16777216",
    "spark.sql.session.localRelationBatchOfChunksSizeBytes": "1073741824",
    "spark.sql.execution.pandas.convertToArrowArraySafely": "false",
    "spark.sql.execution.pandas.inferPandasDictAsMap": "false",
}
OF_42 = {"spark.sql.session.localRelationSizeLimit": "3221225472"}


def settings_for_newer_clients(engine: str) -> dict:
    if engine.startswith("4.0."):
        return {**OF_41, **OF_42}
    return OF_42 if engine.startswith("4.1.") else {}
