"""ZooKeeper as the gateways' tests use it: one server, one client that stays, nodes as JSON."""

import contextlib
import json

from kazoo.client import KazooClient
from kazoo.exceptions import NoNodeError
from support.zookeeper import ZooKeeperServer


class Cluster:
    """Use it in a with statement."""

    def __init__(self, folder):
        self.server = ZooKeeperServer(folder)
        self.connect = self.server.connect
        self.client = KazooClient(hosts=self.connect)

    def __enter__(self):
        self.server.start()
        self.client.start(timeout=60)
        return self

    def __exit__(self, *_):
        self.client.stop()
        self.client.close()
        self.server.stop()

    def put(self, path, data, ephemeral=True):
        """Writes a node; `data`: bytes, or what becomes JSON."""
        if not isinstance(data, bytes):
            data = json.dumps(data).encode()
        self.client.create(path, data, ephemeral=ephemeral, makepath=True)

    def engines_of(self, key, root="/foxfire"):
        """The records of the engines registered with the key."""
        path = f"{root}/engines/{key}"
        if not self.client.exists(path):
            return []
        records = []
        for name in self.client.get_children(path):
            with contextlib.suppress(NoNodeError):  # it has gone meanwhile
                records.append(json.loads(self.client.get(f"{path}/{name}")[0]))
        return records
