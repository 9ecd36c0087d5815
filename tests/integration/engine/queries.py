"""Sessions and queries of PySpark, in the ways that tests of engines need them."""

import socket
import threading
import uuid

import grpc
from pyspark.sql import SparkSession
from pyspark.sql.connect.client.retries import DefaultPolicy
from pyspark.sql.connect.proto import base_pb2, base_pb2_grpc
from pyspark.sql.functions import udf
from pyspark.sql.types import StringType


def open_session(engine) -> SparkSession:
    """A session that does not wait ten minutes, as PySpark does, for an engine that has ended."""
    session = SparkSession.builder.remote(engine.url()).create()
    session.client.set_retry_policies([DefaultPolicy(max_retries=2)])
    return session


def call_config(engine, headers):
    """The status code of a raw call with these headers."""
    request = base_pb2.ConfigRequest(session_id=str(uuid.uuid4()))
    request.user_context.user_id = "alice"
    request.operation.get_option.keys.append("spark.app.name")
    with grpc.insecure_channel(f"127.0.0.1:{engine.port()}") as channel:
        try:
            stub = base_pb2_grpc.SparkConnectServiceStub(channel)
            stub.Config(request, metadata=headers, timeout=30)
        except grpc.RpcError as error:
            return error.code()
    return grpc.StatusCode.OK


def close_session(session):
    """Whether its engine lives or not; PySpark would call it once more when Python exits."""
    if not session.client.is_closed:
        session.client.close()


def text_udf(function):
    """A UDF that answers with a string. Left to itself udf() asks PySpark's default session what to
    do, and that may belong to an engine of another test."""
    return udf(function, StringType(), useArrow=False)


class HeldQuery:
    """A query that is running when the constructor returns and ends after release(): it waits
    for the test to close a connection."""

    def __init__(self, session):
        self.rows = None
        self.error = None
        with socket.create_server(("127.0.0.1", 0)) as listener:
            listener.settimeout(60)
            arguments = (session, listener.getsockname()[1])
            self._thread = threading.Thread(target=self._run, args=arguments, daemon=True)
            self._thread.start()
            self._connection, _ = listener.accept()

    def release(self):
        self._connection.close()

    def await_end(self, seconds=30):
        self._thread.join(seconds)
        assert not self._thread.is_alive(), "the held query does not end"

    def _run(self, session, port):
        def hold(_):
            import socket

            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.recv(1)
            return "done"

        try:
            self.rows = session.range(1).select(text_udf(hold)("id")).collect()
        except Exception as error:  # which one depends on the moment at which the engine went
            self.error = error
