"""A connector that is late: fixed answers, each after a delay, to any number of requests at once.

usage: late.py DIRECTORY

Listens on any free port of 127.0.0.1 and prints it.  A request to /MILLISECONDS/data for the table
T is answered with DIRECTORY/T.json, that long after it has come; one to another endpoint with
DIRECTORY/ENDPOINT.json.  All is in memory, and nothing else is looked at, so that an answer costs
some 50 microseconds.
"""

import asyncio
import pathlib
import re
import sys

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
TABLE = re.compile(rb"\btable=(\w+)")


class Connection(asyncio.Protocol):
    """One connection; requests come one after the other."""

    def __init__(self, documents):
        self.documents = documents
        self.received = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        length = LENGTH.search(head)
        if not end or len(body) < int(length[1] if length else 0):
            return
        self.received = b""
        _, delay, endpoint = head.split(b" ", 2)[1].split(b"/")
        name = TABLE.search(body)[1] if endpoint == b"data" else endpoint
        document = self.documents[name.decode()]
        asyncio.get_running_loop().call_later(
            int(delay) / 1000, self.transport.write,
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (len(document), document))


async def serve(directory):
    documents = {path.stem: path.read_bytes() for path in directory.glob("*.json")}
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(documents), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(pathlib.Path(sys.argv[1])))
