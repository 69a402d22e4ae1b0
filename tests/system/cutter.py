"""cutter - between Kafka's clients and a broker: ends connections in the middle of a produce request, or between it and its answer.

    cutter = Cutter(broker)          # before the broker starts: it tells its clients to come here
    cutter.every = 3                 # each third produce request; 0: none
"""
import itertools
import socket
import struct
import threading

from mall import ports

PRODUCE = 0                                                     # https://kafka.apache.org/protocol.html#protocol_api_keys


def receive(connection, count):
    found = b""
    while len(found) < count:
        more = connection.recv(count - len(found))
        if not more:
            raise OSError("closed")
        found += more
    return found


def end(*connections):
    for connection in connections:
        try:
            connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


class Cutter:
    WAYS = ("before its answer", "in its middle", "before its answer", "before it came")

    def __init__(self, broker):
        self.port, self.target, self.every, self.cuts = ports.reserve(), broker.port, 0, 0
        self.address = "127.0.0.1:%d" % self.port
        self.requests, self.ways = itertools.count(1), itertools.cycle(self.WAYS)
        broker.directory.mkdir(exist_ok=True)
        with open(broker.directory / "extra.properties", "a") as extra:
            extra.write("advertised.listeners=PLAINTEXT://%s\n" % self.address)
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.carry, args=(client,), daemon=True).start()

    def carry(self, client):
        try:
            with client, socket.create_connection(("127.0.0.1", self.target)) as broker:
                mute, swallowed = threading.Event(), threading.Event()
                threading.Thread(target=self.carry_back, args=(broker, client, mute, swallowed), daemon=True).start()
                try:
                    while self.forward(client, broker, mute, swallowed):
                        pass
                finally:
                    end(client, broker)
        except OSError:
            pass                                                # a side that ended, or a broker that is away

    def forward(self, client, broker, mute, swallowed):
        """One request. False: it was cut."""
        head = receive(client, 4)
        request = head + receive(client, struct.unpack(">i", head)[0])
        if self.every and struct.unpack(">h", request[4:6])[0] == PRODUCE and next(self.requests) % self.every == 0:
            way = next(self.ways)
            self.cuts += 1
            if way == "before its answer":
                mute.set()
                broker.sendall(request)
                swallowed.wait(10)                              # the answer shows that the broker has it
            elif way == "in its middle":
                broker.sendall(request[:len(request) // 2])
            return False
        broker.sendall(request)
        return True

    @staticmethod
    def carry_back(broker, client, mute, swallowed):
        try:
            while (answer := broker.recv(65536)):
                if mute.is_set():
                    swallowed.set()
                else:
                    client.sendall(answer)
        except OSError:
            pass
        end(client, broker)
