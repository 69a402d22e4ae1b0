"""client - a raw connection to the gateway, and what came back over it, byte for byte."""
import re
import select
import socket
import time

import http1
from mall import SLOWER

STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9]) ([\t\x20-\x7e\x80-\xff]*)")


class Reply:
    """An answer. status is None where there was none; `whole`: it ended as its framing says.

    framing is a length, "chunked", "close" (its end is the connection's) or None (it has no body)."""
    status, fields, framing, whole = None, http1.Fields(), None, False

    def __init__(self):
        self.interim, self.trailers, self.content = [], http1.Fields(), http1.Body()

    @property
    def body(self):
        return bytes(self.content.kept)

    @property
    def size(self):
        return self.content.size

    @property
    def closes(self):
        return "close" in (self.fields.get("Connection") or "").lower()

    def field(self, name):
        return self.fields.get(name)

    def __repr__(self):
        return "%s %s(%s, %d bytes: %.160r)" % (self.status, "" if self.whole else "cut short ", self.framing, self.size, self.body)


class Wire(http1.Stream):
    def __init__(self, port, seconds=10, room=None):
        """room: bytes of the receive buffer, for a client that reads slowly"""
        sock = socket.socket()
        if room:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        sock.settimeout(seconds * SLOWER)
        sock.connect(("127.0.0.1", port))
        super().__init__(sock, seconds * SLOWER)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def say(self, data):
        self.sock.settimeout(self.seconds)
        self.sock.sendall(data)

    def exchange(self, data, step=None):
        """Sends all of it, or as much as the gateway takes, and reads meanwhile. step: bytes at a time."""
        data, end = memoryview(data), time.monotonic() + self.seconds
        self.sock.settimeout(0)
        while data and time.monotonic() < end:
            readable, writable, _ = select.select([self.sock], [self.sock], [], 1)
            if readable and not self.receive(0):
                break
            if writable:
                try:
                    data = data[self.sock.send(data[:step or 1 << 18]):]
                except BlockingIOError:
                    pass
                except OSError:                                 # it takes no more: its answer is still to be read
                    break

    def ask(self, data, method="GET"):
        self.say(data)
        return self.reply(method)

    def reply(self, method="GET", version="1.1"):
        """The next answer, to a request of this method; Late when it does not come."""
        reply = Reply()
        try:
            self.read_reply(reply, method, version)
        except http1.Cut:
            pass
        return reply

    def read_reply(self, reply, method, version):
        while (head := self.read_head()) is not None:
            match = STATUS.fullmatch(head[0])
            http1.expect(match, "no status line", head[0])
            status = int(match[1])
            if status >= 200:
                break
            http1.expect(version == "1.1" and status != 101, "an interim answer not asked for", head[0])
            http1.expect(http1.read_framing(head[1]) is None, "a framed interim answer", repr(head).encode())
            reply.interim.append((status, head[1]))
        if head is None:
            return
        reply.status, reply.fields = status, head[1]
        framing = http1.read_framing(head[1])
        http1.expect(status != 204 or framing is None, "a framed 204", repr(head).encode())
        http1.expect(framing != "chunked" or version == "1.1", "chunks for HTTP/1.0", repr(head).encode())
        if method != "HEAD" and status not in (204, 304):
            self.read_body(reply, "close" if framing is None else framing)
        reply.whole = True

    def read_body(self, reply, framing):
        reply.framing = framing
        if framing == "chunked":
            reply.trailers = self.read_chunks(reply.content)
        elif framing == "close":
            self.read_rest(reply.content)
            if self.ended != "fin":
                raise http1.Cut
        else:
            self.read_length(reply.content, framing)

    def end(self, seconds=None):
        """How the connection ended, without another byte before; None: it did not."""
        got = True
        while got:
            http1.expect(not self.buffer, "bytes after the answer", self.buffer)
            got = self.receive(seconds or self.seconds)
        return self.ended

    def all_replies(self, methods, most=4):
        """Every answer until the end; the last may be a Late, when there was no end."""
        replies = []
        try:
            while len(replies) < most and (self.buffer or self.more()):
                replies.append(self.reply(methods[min(len(replies), len(methods) - 1)]))
        except http1.Late as late:
            replies.append(late)
        return replies


def request(method, target, *fields, body=b"", host="shop.example"):
    """A well-formed request; fields are "Name: value"."""
    lines = ["%s %s HTTP/1.1" % (method, target), "Host: " + host, *fields]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines + ["", ""]).encode("latin-1") + body


def chunked(*pieces, trailers=b""):
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n" + trailers + b"\r\n"


def ask(port, method="GET", target="/", *fields, body=b"", seconds=10):
    """One request on a connection of its own."""
    with Wire(port, seconds) as wire:
        return wire.ask(request(method, target, *fields, body=body), method)
