"""The engine sees the owner of the token, whatever the client says of itself."""

from pyspark.sql.functions import udf
from pyspark.sql.types import LongType


def test_a_claimed_user_id_is_overridden_in_every_call(connect, gateway):
    spark = connect("alice", ";user_id=bob")

    spark.range(1).createOrReplaceTempView("v")  # ExecutePlan, a command
    spark.conf.set("spark.sql.shuffle.partitions", "4")  # Config
    assert spark.sql("select current_user()").first()[0] == "alice"  # ExecutePlan
    assert spark.table("v").columns == ["id"]  # AnalyzePlan
    assert spark.range(1).select(udf(lambda n: n + 1, LongType())("id")).first()[0] == 1  # AddArtifacts
    assert spark.interruptAll() == []  # Interrupt

    # Had any of these calls carried bob, it would have opened a session of bob's on the engine,
    # where the view is not known.
    assert spark.sql("select count(*) from v").first()[0] == 1
    sessions = [s for s in gateway.cli("session", "list", "--all") if s["session_id"] == spark.session_id]
    assert {s["user"] for s in sessions} == {"alice"}


def test_current_user_is_the_tokens_owner_for_each_user(connect):
    for user in ("alice", "bob"):
        assert connect(user, ";user_id=root").sql("select current_user(), session_user()").first()[:] == (user, user)
