"""Engines whose process is their owner's already."""

import pytest

from test_start_failures import failure_of

PROCESS = {"foxfire.identity": "process"}


def test_works_as_the_user_of_its_process(make_engine, connect):
    engine = make_engine(settings=PROCESS, env={"HADOOP_USER_NAME": "alice"}).start_and_register()

    assert connect(engine).sql("select current_user()").collect()[0][0] == "alice"


def test_does_not_become_somebody_else(make_engine):
    last = failure_of(make_engine(settings=PROCESS, env={"HADOOP_USER_NAME": "bob"}))

    assert "foxfire.engine.run.as = alice" in last and '"bob"' in last


def test_sees_through_a_variable_that_only_spark_goes_by(make_engine):
    env = {"HADOOP_USER_NAME": "bob", "SPARK_USER": "alice"}

    last = failure_of(make_engine(settings=PROCESS, env=env))

    assert '"alice" for Spark' in last and '"bob" for Hadoop' in last


@pytest.mark.parametrize("settings, says", [
    ({"foxfire.identity": "mine"}, "must be assume or process"),
    ({"foxfire.identity": "process", "foxfire.spare": "true", "foxfire.engine.key": None,
      "foxfire.engine.run.as": None}, "foxfire.spare: not with foxfire.identity = process"),
])
def test_identity_that_cannot_be(make_engine, settings, says):
    assert says in failure_of(make_engine(settings=settings))
