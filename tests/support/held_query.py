"""A query that runs until the test lets it end."""

import threading

from pyspark.sql.types import LongType
from support.waiting import wait_until


class HeldQuery:
    """Runs in a thread; `result` or `error` is there when it has ended. Engine and test must share a
    file system."""

    def __init__(self, spark, folder):
        self.started_file = folder / "query-started"
        self.release_file = folder / "query-released"
        self.result = None
        self.error = None
        self._thread = threading.Thread(target=self._run, args=(spark,), daemon=True)
        self._thread.start()
        wait_until(lambda: self.started_file.exists() or self.error, 60, "the query runs")
        assert self.error is None, self.error

    def release(self):
        self.release_file.touch()

    def join(self, seconds=60):
        self._thread.join(seconds)
        assert not self._thread.is_alive(), f"the query has not ended after {seconds} s"
        return self

    def _run(self, spark):
        started, release = str(self.started_file), str(self.release_file)

        def hold(value):
            import os
            import threading

            with open(started, "w"):
                pass
            pause = threading.Event()
            while not os.path.exists(release):
                pause.wait(0.02)
            return value

        try:
            # By name and with a type that needs no parsing: functions of pyspark.sql, and types written
            # as words, look for the active session of this thread.
            spark.udf.register("hold", hold, LongType())
            self.result = spark.sql("select hold(id) from range(1)").first()[0]
        except Exception as error:  # for the test to look at
            self.error = error
