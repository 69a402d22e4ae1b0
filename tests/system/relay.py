"""relay - a TCP relay of one port to others, which loses connections when told to.

    relay = Relay(daemon.port)          # several ports: each new connection goes to the next one
    relay.resets = 1                    # the next request's connection is reset before anything of it is passed on
    relay.cut(), relay.heal()           # all connections end and none is accepted, until it is healed
    relay.targets = [other.port]        # for new connections; the old ones end by end()
"""
import contextlib
import itertools
import socket
import struct
import threading

from mall import ports


class Relay:
    def __init__(self, *targets):
        self.targets, self.turns, self.port, self.resets = list(targets), itertools.count(), ports.reserve(), 0
        self.open, self.listener = set(), None
        self.heal()

    def heal(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def cut(self):
        self.listener.shutdown(socket.SHUT_RDWR)                # which wakes who waits in accept()
        self.listener.close()
        self.end()

    close = cut

    def end(self):
        for one in list(self.open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        target = self.targets[next(self.turns) % len(self.targets)]
        self.open.add(client)
        try:
            with client, socket.create_connection(("127.0.0.1", target)) as server:
                threading.Thread(target=self.carry_back, args=(server, client), daemon=True).start()
                while (data := client.recv(1 << 16)):
                    if self.resets > 0:
                        self.resets -= 1
                        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        server.shutdown(socket.SHUT_RDWR)
                        return                                  # closing it now resets it
                    server.sendall(data)
        except OSError:
            pass                                                # either side ended
        finally:
            self.open.discard(client)

    @staticmethod
    def carry_back(server, client):
        try:
            while (data := server.recv(1 << 16)):
                client.sendall(data)
        except OSError:
            pass
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
