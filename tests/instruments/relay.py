"""A way to a server over TCP that can become as if the server, or its machine, were not well."""

import selectors
import socket
import struct
import threading
from contextlib import suppress
from ctypes import addressof, create_string_buffer

from sqlalchemy import URL

#: A filter of the kernel's that lets nothing in: one instruction, which returns 0.
NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)
SO_ATTACH_FILTER = 26


class Relay:
    """Passes on what comes to a port of this machine to the socket of a server.

    Args:
        url: of a database of the server, by its socket.

    Attributes:
        url: of the same database, by way of here.
    """

    def __init__(self, url: URL) -> None:
        self._socket = f"{url.query['host']}/.s.PGSQL.{url.query['port']}"
        self._listening = socket.create_server(("127.0.0.1", 0))
        host, port = self._listening.getsockname()
        self.url = url.set(host=host, port=port, query={})
        self._other: dict[socket.socket, socket.socket] = {}
        self._clients: list[socket.socket] = []
        self._may_pass = threading.Event()
        self._may_pass.set()
        self._is_over = False
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._listening, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def freeze(self) -> None:
        """From now on all is taken and nothing is answered, as by a server that is stopped."""
        self._may_pass.clear()

    def thaw(self) -> None:
        """It goes on."""
        self._may_pass.set()

    def lose_packets(self) -> None:
        """From now on the packets of the connections that there are do not arrive."""
        buffer = create_string_buffer(NOTHING)
        program = struct.pack("HL", 1, addressof(buffer))
        for client in self._clients:
            client.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)
            # What nobody acknowledges has no other end either.
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def close(self) -> None:
        """Ends all connections."""
        self._is_over = True
        self.thaw()
        self._thread.join(10)
        for one in (self._listening, *self._other):
            one.close()

    def _run(self) -> None:
        while not self._is_over:
            for key, _ in self._selector.select(0.05):
                self._may_pass.wait()
                if key.fileobj is self._listening:
                    self._accept()
                else:
                    self._pass_on(key.fileobj)  # type: ignore[arg-type]

    def _accept(self) -> None:
        client, _ = self._listening.accept()
        server = socket.socket(socket.AF_UNIX)
        server.connect(self._socket)
        self._clients.append(client)
        for one, other in ((client, server), (server, client)):
            self._other[one] = other
            self._selector.register(one, selectors.EVENT_READ)

    def _pass_on(self, source: socket.socket) -> None:
        if source not in self._other:
            return
        data = b""
        with suppress(OSError):
            data = source.recv(1 << 16)
        if data:
            with suppress(OSError):
                self._other[source].sendall(data)
            return
        for one in (source, self._other.pop(source)):
            self._selector.unregister(one)
            self._other.pop(one, None)
            one.close()
