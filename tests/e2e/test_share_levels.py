"""Whose engine a session gets, and as whom Spark works there."""

from urllib.parse import quote

import pytest

from support.waiting import wait_until


@pytest.fixture
def sharing_gateway(make_gateway):
    return make_gateway({"engine.client_share_levels": ["connection"], "engine.connection_linger": "0s",
                         "group.bi.share_level": "group"})


def who_am_i(spark):
    return spark.sql("select current_user()").first()[0]


def test_an_engine_of_its_own_ends_with_its_session(sharing_gateway):
    spark = sharing_gateway.connect("alice", ";x-foxfire-share-level=connection")

    assert who_am_i(spark) == "alice"
    [engine] = sharing_gateway.engines()
    assert engine["key"] == f"connection:alice%2F{quote(spark.session_id)}:default:default"
    spark.stop()

    wait_until(lambda: sharing_gateway.engines() == [], 30, "the engine ends")


def test_members_of_a_group_work_as_the_group(sharing_gateway):
    for user in ("ann", "ben"):
        sharing_gateway.token(user, "bi")
        spark = sharing_gateway.connect(user)

        assert who_am_i(spark) == "bi"
        spark.stop()

    [engine] = sharing_gateway.engines()
    assert engine["key"] == "group:bi:default:default"
