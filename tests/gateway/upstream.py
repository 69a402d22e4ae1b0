"""upstream - a server that answers by script and remembers every byte that it received, by connection.

    with Upstream(says(b"HTTP/1.1 200 OK\\r\\nContent-Le", END)) as upstream:

A script is a function of (talk, request); says(...) makes one of steps: bytes are sent, a number is a pause in seconds, END, RESET
and HANG are what they say, a function is called with (talk, request). It runs once for each request: when the whole request is
there, or, by `at`, at "head", or at "connect" before anything is read (request is None then).

A request that is not well framed is an entry in `wrong`, which fails the story (front.py).
"""
import ctypes
import re
import socket
import struct
import threading
import time

import http1

REQUEST_LINE = re.compile(rb"([A-Z]+) (/[\x21-\x7e]*|\*) HTTP/1\.1")
SECONDS = 60


class Request:
    """whole: all of it came. version is always 1.1, anything else being wrong."""

    def __init__(self, method, target, fields, framing):
        self.method, self.target, self.fields, self.framing = method, target, fields, framing
        self.content, self.trailers, self.whole, self.begun = http1.Body(), http1.Fields(), False, time.monotonic()

    @property
    def body(self):
        return bytes(self.content.kept)

    @property
    def size(self):
        return self.content.size

    def field(self, name):
        return self.fields.get(name)

    def __repr__(self):
        return "%s%s %s %s %.100r" % ("" if self.whole else "unfinished ", self.method, self.target, self.framing, self.body)


class Talk(http1.Stream):
    """One connection. Its end is `ended` ("fin" or "reset": theirs) or None (ours, or not yet), at `ended_at`."""

    def __init__(self, upstream, number, sock):
        super().__init__(sock, SECONDS)
        self.upstream, self.number, self.requests = upstream, number, []
        self.over, self.sent, self.ended_at = False, 0, None
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        try:
            self.serve()
        except http1.Malformed as wrong:
            self.upstream.wrong.append("connection %d: %s" % (self.number, wrong))
        except (http1.Cut, http1.Late, OSError):
            pass
        finally:
            self.ended_at = time.monotonic()
            self.sock.close()

    def serve(self):
        upstream = self.upstream
        if upstream.at == "connect":
            upstream.script(self, None)
        while not self.over:
            request = self.read_request()
            if request is None:
                break
            if upstream.at == "head":
                upstream.script(self, request)
            if not self.over:
                self.finish(request)
            if upstream.at == "request":
                upstream.script(self, request)

    def read_request(self):
        head = self.read_head()
        if head is None:
            return None
        match = REQUEST_LINE.fullmatch(head[0])
        http1.expect(match, "no request line", head[0])
        http1.expect(len(head[1].all("Host")) == 1, "not one Host", repr(head).encode())
        request = Request(match[1].decode(), match[2].decode(), head[1], http1.read_framing(head[1]))
        self.requests.append(request)
        return request

    def finish(self, request):
        """Its body."""
        if request.whole:
            return
        if "100-continue" in (request.field("Expect") or ""):
            self.say(b"HTTP/1.1 100 Continue\r\n\r\n")
        if request.framing == "chunked":
            request.trailers = self.read_chunks(request.content)
        elif request.framing:
            self.read_length(request.content, request.framing)
        request.whole = True

    # -- for scripts

    def say(self, data):
        self.sock.settimeout(SECONDS)
        for at in range(0, len(data), 1 << 16):
            piece = data[at:at + (1 << 16)]
            self.sock.sendall(piece)
            self.sent += len(piece)

    def trickle(self, data, every=0):
        for at in range(len(data)):
            self.say(data[at:at + 1])
            if every and not self.hang(every):
                return

    def hang(self, seconds=SECONDS):
        """Until the gateway ends the connection (False), or the time is over."""
        end = time.monotonic() + seconds
        while not self.upstream.released.is_set() and (left := end - time.monotonic()) >= 0:
            if self.receive(min(left, 0.1)) is False:
                self.over = True
                return False
        return True

    def finish_sending(self):
        """A clean end, not one that a late byte of theirs turns into a reset."""
        self.over = True
        self.sock.shutdown(socket.SHUT_WR)
        self.hang(5)

    def cut(self):
        self.over = True
        self.reset()


def END(talk, _):
    talk.finish_sending()


def RESET(talk, _):
    talk.cut()


def HANG(talk, _):
    talk.hang()


def says(*steps):
    def script(talk, request):
        for step in steps:
            if callable(step):
                step(talk, request)
            elif isinstance(step, bytes):
                talk.say(step)
            else:
                talk.hang(step)
            if talk.over:
                break
    return script


def in_turn(*scripts):
    """The first request gets the first, the second the next, whatever the connection; the last one serves all that follow."""
    lock, left = threading.Lock(), list(scripts)

    def script(talk, request):
        with lock:
            now = left.pop(0) if len(left) > 1 else left[0]
        now(talk, request)
    return script


def answer(body=b"", *fields, status="200 OK", length=None):
    """A plain answer; fields are b"Name: value"."""
    lines = [b"HTTP/1.1 " + status.encode(), *fields, b"Content-Length: %d" % (len(body) if length is None else length)]
    return b"\r\n".join(lines + [b"", b""]) + body


def echo(talk, request):
    """200 which names the request and the connection."""
    body = b"%s %s on %d" % (request.method.encode(), request.target.encode(), talk.number)
    said = answer(body, b"Content-Type: text/plain")
    talk.say(said[:-len(body)] if request.method == "HEAD" else said)


class BlackHole:
    """An address that never answers, like that of a node without power: a socket that drops connection requests."""
    DROP_SYN = ((0x30, 0, 0, 13), (0x54, 0, 0, 0x12), (0x15, 0, 1, 0x02), (0x06, 0, 0, 0), (0x06, 0, 0, 0xffffffff))

    def __init__(self, address="127.0.0.1", port=0):
        program = b"".join(struct.pack("HBBI", *step) for step in self.DROP_SYN)
        self.program = ctypes.create_string_buffer(program)
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind((address, port))
        self.socket.listen()
        self.socket.setsockopt(socket.SOL_SOCKET, 26, struct.pack("HP", len(self.DROP_SYN), ctypes.addressof(self.program)))    # SO_ATTACH_FILTER
        self.port = self.socket.getsockname()[1]

    def close(self):
        self.socket.close()


class Upstream:
    def __init__(self, script=echo, at="request", room=None, refuses=False):
        """room: bytes of the receive buffer, for an upstream that reads slowly; refuses: connections, until listen()"""
        self.script, self.at = script, at
        self.talks, self.wrong, self.released = [], [], threading.Event()
        self.listener = socket.socket()
        if room:
            self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.listener.bind(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.accept, daemon=True)
        if not refuses:
            self.listen()

    def listen(self):
        self.listener.listen(512)
        self.thread.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            talk = Talk(self, len(self.talks), sock)
            self.talks.append(talk)
            talk.thread.start()

    @property
    def requests(self):
        """In the order in which they came, whatever the connection."""
        return sorted((request for talk in list(self.talks) for request in list(talk.requests)), key=lambda r: r.begun)

    def paths(self):
        return ["%s %s" % (r.method, r.target) for r in self.requests]

    def release(self):
        """Scripts that hang go on."""
        self.released.set()

    def close(self):
        """The listener, then what the other side has left open."""
        self.release()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.listener.close()
        self.thread.join(5)
        for talk in self.talks:
            talk.thread.join(0.5)
            if talk.thread.is_alive():
                try:
                    talk.sock.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                talk.thread.join(5)
