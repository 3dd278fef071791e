"""Counts round trips: a socket before the server's, through which a client is let."""

import socket
import threading
from pathlib import Path
from typing import Self


class Trips:
    """Forwards to a server's unix socket, and counts how often it says that it is ready again.

    That is once for each message, or group of messages, for which the client waits.
    """

    def __init__(self, server: Path, folder: Path, port: int = 5432) -> None:
        self.count = 0
        self.folder = folder
        self._server = server / f".s.PGSQL.{port}"
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / f".s.PGSQL.{port}"))
        self._listener.listen()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        # This alone wakes who waits for a client.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._let_through, args=(client,), daemon=True).start()

    def _let_through(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(self._server))
            back = threading.Thread(target=self._forward, args=(server, client, True), daemon=True)
            back.start()
            self._forward(client, server, False)
            back.join()

    def _forward(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        rest = b""
        try:
            while part := source.recv(65536):
                if counts:
                    rest = self._counted(rest + part)
                target.sendall(part)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _counted(self, messages: bytes) -> bytes:
        """Counts in whole messages; gives what is left of the last one."""
        while len(messages) >= 5:
            end = 1 + int.from_bytes(messages[1:5])
            if len(messages) < end:
                break
            # ReadyForQuery
            self.count += messages[:1] == b"Z"
            messages = messages[end:]
        return messages
