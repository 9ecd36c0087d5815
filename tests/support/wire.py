"""Spark Connect messages as bytes: written and read by field number, without generated code.

Tests need a handful of fields (docs/life-of-a-call.md has the table) and must be able to write what
no generated code would: broken, doubled and unknown fields.
"""

from dataclasses import dataclass, field

SERVICE = "/spark.connect.SparkConnectService/"

SESSION_ID = 1
USER_CONTEXT = 2

# method: (number of operation_id or None, client streaming)
METHODS = {
    "ExecutePlan": (6, False),
    "AnalyzePlan": (None, False),
    "Config": (None, False),
    "AddArtifacts": (None, True),
    "ArtifactStatus": (None, False),
    "Interrupt": (6, False),
    "ReattachExecute": (3, False),
    "ReleaseExecute": (3, False),
    "ReleaseSession": (None, False),
    "FetchErrorDetails": (None, False),
    "CloneSession": (None, False),
    "GetStatus": (None, False),
}
# Number of client_observed_server_side_session_id, of those that tests send it in.
OBSERVED = {"ExecutePlan": 8, "Config": 8, "ReattachExecute": 6}
# They must not bring an engine to life.
NEVER_LAUNCHING = [
    "Interrupt", "ReattachExecute", "ReleaseExecute", "ReleaseSession", "FetchErrorDetails",
    "GetStatus",
]
LAUNCHING = [method for method in METHODS if method not in NEVER_LAUNCHING]

# A length-delimited field that no Spark Connect message has, for ballast.
BALLAST = 1000


def varint(value):
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def bytes_field(number, value):
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def varint_field(number, value):
    return varint(number << 3) + varint(value)


def user_context(user_id=None, user_name=None, extensions=()):
    context = b""
    if user_id is not None:
        context += bytes_field(1, user_id)
    if user_name is not None:
        context += bytes_field(2, user_name)
    return context + b"".join(bytes_field(999, extension) for extension in extensions)


def request(method, session_id, user_id=None, operation_id=None, ballast=0, observed=None):
    """A request of `method` such as a client sends, with `ballast` bytes behind it.

    `observed`: the server-side session id that the client has heard before.
    """
    message = bytes_field(SESSION_ID, session_id)
    message += bytes_field(USER_CONTEXT, user_context(user_id, user_id))
    number, _ = METHODS.get(method, (None, False))
    if number is not None and operation_id is not None:
        message += bytes_field(number, operation_id)
    if observed is not None:
        message += bytes_field(OBSERVED[method], observed)
    if ballast:
        message += bytes_field(BALLAST, b"\xa5" * ballast)
    return message


def identity(session_id, user):
    """What Foxfire appends to each message of a request."""
    return bytes_field(SESSION_ID, session_id) + bytes_field(USER_CONTEXT, user_context(user, user))


def read_varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def read_fields(data):
    """[(number, value)]: ints for varints, bytes for length-delimited fields."""
    fields = []
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        if tag & 7 == 0:
            value, at = read_varint(data, at)
        elif tag & 7 == 2:
            size, at = read_varint(data, at)
            value, at = data[at:at + size], at + size
            if len(value) != size:
                raise ValueError(f"field {tag >> 3} ends behind its message")
        else:
            raise ValueError(f"field {tag >> 3} has wire type {tag & 7}")
        fields.append((tag >> 3, value))
    return fields


def last(fields, number, default=b""):
    values = [value for n, value in fields if n == number]
    return values[-1] if values else default


@dataclass
class StatusDetails:
    """google.rpc.Status, as grpc-status-details-bin carries it."""

    code: int = 0
    message: str = ""
    details: dict = field(default_factory=dict)  # short type name: bytes

    @staticmethod
    def parse(data):
        fields = read_fields(data)
        status = StatusDetails(last(fields, 1, 0), last(fields, 2).decode())
        for number, value in fields:
            if number == 3:
                parts = read_fields(value)
                name = last(parts, 1).decode().rpartition("/")[2]
                status.details[name] = last(parts, 2)
        return status

    def error_info(self):
        """(reason, domain, metadata) of google.rpc.ErrorInfo, or None."""
        data = self.details.get("google.rpc.ErrorInfo")
        if data is None:
            return None
        fields = read_fields(data)
        metadata = {}
        for number, value in fields:
            if number == 3:
                entry = read_fields(value)
                metadata[last(entry, 1).decode()] = last(entry, 2).decode()
        return last(fields, 1).decode(), last(fields, 2).decode(), metadata
