"""names - a name server of 127.0.0.1:53 that knows IPv4 addresses of a few names, as a cluster's does."""
import socket
import struct
import threading

A, NO_SUCH_NAME = 1, 3


class Names:
    def __init__(self, addresses):
        self.addresses, self.asked = addresses, []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            question, client = self.socket.recvfrom(4096)
            self.socket.sendto(self.answer(question), client)

    def answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        kind, = struct.unpack_from("!H", question, at + 1)
        name = ".".join(labels).lower()
        self.asked.append(name)
        address = self.addresses.get(name)
        records = b""
        if address and kind == A:
            records = b"\xc0\x0c" + struct.pack("!HHIH", A, 1, 5, 4) + socket.inet_aton(address)
        flags = 0x8580 | (0 if address else NO_SUCH_NAME)       # an authority's answer
        return question[:2] + struct.pack("!HHHHH", flags, 1, bool(records), 0, 0) + question[12:at + 5] + records
