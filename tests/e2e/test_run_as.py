"""As whom the process of an engine runs, and what its owner's code can reach there."""

import os
import pwd
import shutil
import tempfile
from pathlib import Path

import pytest

from support.gateway import ENGINE_JAR, Gateway
from support.spark_home import spark_home
from support.waiting import wait_until

OS_USER = "nobody"


@pytest.fixture
def open_folder():
    """A folder that other OS users can go through; pytest's own are closed to them."""
    folder = Path(tempfile.mkdtemp(prefix="foxfire-os-user-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def who(spark):
    return spark.sql("select current_user()").first()[0]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts processes of other users")
def test_os_users(open_folder):
    from pyspark.sql.functions import udf
    from pyspark.sql.types import StringType

    jar = shutil.copy(ENGINE_JAR, open_folder / "engine.jar")
    os.chmod(jar, 0o644)
    settings = {"profile.default.run_as": "os-user", "engine.jar": str(jar)}
    closed = [folder for folder in Path(spark_home(), "jars").resolve().parents
              if not folder.stat().st_mode & 0o001]
    if closed:  # below somebody's home, for example: then nothing starts that could not work
        gateway = Gateway(open_folder / "gateway", settings)
        with pytest.raises(AssertionError, match=f"cannot go through {closed[0]}"):
            gateway.start()
        return
    with Gateway(open_folder / "gateway", settings) as gateway:
        spark = gateway.connect(OS_USER)
        engines, secret = str(gateway.var / "engines"), str(gateway.var / "cluster.secret")

        @udf(StringType())  # a name would need an active session
        def reached():
            """What Python code of the owner's finds: its user, and whether our files are open."""
            seen = [str(os.getuid())]
            for attempt in (lambda: os.listdir(engines), lambda: open(secret, "rb")):
                try:
                    attempt()
                    seen.append("open")
                except OSError as error:
                    seen.append(type(error).__name__)
            return " ".join(seen)

        assert who(spark) == OS_USER
        uid = pwd.getpwnam(OS_USER).pw_uid
        assert spark.range(1).select(reached()).first()[0] == f"{uid} PermissionError PermissionError"
        pid = gateway.engine(OS_USER)["pid"]
        assert os.stat(f"/proc/{pid}").st_uid == uid
        folder = gateway.var / "engines" / gateway.engine(OS_USER)["engine_id"]
        assert not (folder / "work" / "secret").exists()
        spark.stop()
        gateway.cli("engine", "kill", gateway.engine(OS_USER)["engine_id"])
        wait_until(lambda: not (folder / "tmp").exists(), 30, "its scratch folder is removed")


def test_proxy_users(make_gateway):
    gateway = make_gateway({"profile.default.launcher": "spark-submit",
                            "profile.default.master": "local[1]",
                            "profile.default.run_as": "proxy-user"})
    spark = gateway.connect("alice")

    assert who(spark) == "alice"
    spark.stop()
    command_line = Path(f"/proc/{gateway.engine('alice')['pid']}/cmdline").read_text(encoding="utf-8")
    assert "--proxy-user\0alice" in command_line


def test_hadoop_users(make_gateway):
    gateway = make_gateway({"profile.default.run_as": "hadoop-user"})
    spark = gateway.connect("alice")

    assert who(spark) == "alice"
    spark.stop()
    environment = Path(f"/proc/{gateway.engine('alice')['pid']}/environ").read_bytes().split(b"\0")
    assert b"HADOOP_USER_NAME=alice" in environment
