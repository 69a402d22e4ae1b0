"""http1 - as much of HTTP/1.1 as the tests need, read strictly: a message that could be read in two ways is Malformed.

Both ends of the gateway are read with it, so that whatever it writes, to clients and to upstreams, is checked in every story.
"""
import re
import socket
import time
import zlib

KEPT = 1 << 20                                                  # bytes of a body; of longer ones only size and crc
NAME = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
FIELD = re.compile(rb"(" + NAME + rb"):[ \t]*([\x21-\x7e\x80-\xff]?(?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)[ \t]*")


class Malformed(AssertionError):
    pass


class Late(AssertionError):
    pass


class Cut(Exception):
    """The other side ended inside a message."""


def expect(good, what, about=b""):
    if not good:
        raise Malformed("%s: %.300r" % (what, bytes(about)))


class Fields(list):
    """(name, value) in the order received."""

    def all(self, name):
        return [value for given, value in self if given.lower() == name.lower()]

    def get(self, name):
        """The values, as one list; None: there is none."""
        values = self.all(name)
        return ", ".join(values) if values else None

    def names(self):
        return {name.lower() for name, _ in self}


def read_fields(lines):
    fields = Fields()
    for line in lines:
        match = FIELD.fullmatch(line)
        expect(match, "no header field", line)
        fields.append((match[1].decode(), match[2].decode("latin-1")))
    return fields


def read_framing(fields):
    """The body's length, "chunked", or None where nothing is said."""
    lengths, codings = fields.all("Content-Length"), fields.all("Transfer-Encoding")
    expect(len(lengths) + len(codings) < 2, "framed twice", repr(fields).encode())
    if codings:
        expect(codings[0].lower() == "chunked", "an unknown coding", codings[0].encode())
        return "chunked"
    if lengths:
        expect(re.fullmatch("[0-9]{1,18}", lengths[0]), "no length", lengths[0].encode())
        return int(lengths[0])
    return None


class Body:
    def __init__(self):
        self.kept, self.size, self.crc = bytearray(), 0, 0

    def add(self, piece):
        self.kept += piece[:max(0, KEPT - self.size)]
        self.size += len(piece)
        self.crc = zlib.crc32(piece, self.crc)


class Stream:
    """A connection and the bytes that came and are not read yet. `ended` is None, "fin" or "reset"; `heard` the first bytes."""

    def __init__(self, sock, seconds):
        self.sock, self.seconds = sock, seconds
        self.buffer, self.heard, self.ended = bytearray(), bytearray(), None
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def receive(self, seconds):
        """More into the buffer; False: ended; None: nothing in time."""
        if self.ended:
            return False
        self.sock.settimeout(max(seconds, 0.001))
        try:
            piece = self.sock.recv(1 << 18)
        except (socket.timeout, BlockingIOError):
            return None
        except OSError:
            self.ended = "reset"
            return False
        if not piece:
            self.ended = "fin"
            return False
        self.buffer += piece
        self.heard += piece[:max(0, KEPT - len(self.heard))]
        return True

    def more(self, seconds=None):
        """False: ended. Each read has the stream's time, and Late is raised when it is over."""
        got = self.receive(seconds or self.seconds)
        if got is None:
            raise Late("nothing for %g s after %.200r" % (seconds or self.seconds, bytes(self.heard[-200:])))
        return got

    def take(self, count):
        piece = bytes(self.buffer[:count])
        del self.buffer[:count]
        return piece

    def take_to(self, mark, most=1 << 20):
        """What is before the mark, which is skipped; None: ended before the first byte."""
        begin = time.monotonic()
        while (at := self.buffer.find(mark)) < 0:
            expect(len(self.buffer) < most, "no end of a line or a head", self.buffer[:100])
            if not self.more():
                if self.buffer:
                    raise Cut
                return None
            if time.monotonic() > begin + self.seconds:
                raise Late("a head or a line takes too long: %.300r" % bytes(self.buffer))
        piece = self.take(at)
        del self.buffer[:len(mark)]
        return piece

    def read_head(self):
        """First line and fields; None: ended before."""
        head = self.take_to(b"\r\n\r\n")
        if head is None:
            return None
        first, *lines = head.split(b"\r\n")
        return first, read_fields(lines)

    def read_length(self, body, length):
        while length:
            if not self.buffer and not self.more():
                raise Cut
            piece = self.take(length)
            body.add(piece)
            length -= len(piece)

    def read_chunks(self, body):
        """The trailers."""
        while True:
            line = self.take_to(b"\r\n", 1 << 10)
            if line is None:
                raise Cut
            expect(re.fullmatch(rb"[0-9a-fA-F]{1,16}", line), "no chunk size", line)
            size = int(line, 16)
            if not size:
                break
            self.read_length(body, size)
            while len(self.buffer) < 2:
                if not self.more():
                    raise Cut
            expect(self.buffer[:2] == b"\r\n", "no CR LF after a chunk", self.buffer[:20])
            self.take(2)
        lines = []
        while line := self.take_to(b"\r\n"):
            lines.append(line)
        if line is None:
            raise Cut
        return read_fields(lines)

    def read_rest(self, body):
        while self.buffer or self.more():
            body.add(bytes(self.buffer))
            self.buffer.clear()

    def reset(self):
        """An end that cannot be taken for a clean one."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.sock.close()

    def close(self):
        self.sock.close()
