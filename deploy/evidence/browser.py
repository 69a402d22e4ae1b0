"""browser - a page as a browser of the kind of Chromium shows it, once its own scripts have filled it.

`chromium --screenshot` takes a page that has just been loaded, and waits for ever with --virtual-time-budget where a stream of events stays
open. So it is told what to do by the Chrome DevTools Protocol, over a pipe: messages of JSON, each ended by a NUL.
"""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time

import asking

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge")
SECONDS = 60                                                    # for all of it
FILLED = 300                                                    # characters that somebody can read: then the page has its rows
SETTLE_SECONDS = 2                                              # and its pictures


class Failed(Exception):
    """There is no picture: why."""


def find():
    return next((found for found in map(shutil.which, PROGRAMS) if found), None)


class Browser:
    """One that runs, and ends with the block."""

    def __init__(self, program, width, height, lang):
        self.home = tempfile.mkdtemp(prefix="mall-evidence-")
        theirs_in, self.out = os.pipe()
        self.into, theirs_out = os.pipe()

        def pipes():                                            # the protocol wants 3 and 4; first out of the way of each other
            one, two = os.dup2(theirs_in, 100), os.dup2(theirs_out, 101)
            os.dup2(one, 3)
            os.dup2(two, 4)

        self.process = subprocess.Popen([program, "--headless", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-pipe",
                                         "--user-data-dir=" + self.home, "--window-size=%d,%d" % (width, height), "--lang=" + lang, "--accept-lang=" + lang,
                                         *(["--no-sandbox"] if os.geteuid() == 0 else []), "about:blank"],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
                                        close_fds=False, preexec_fn=pipes)
        os.close(theirs_in)
        os.close(theirs_out)
        self.left, self.number, self.until = b"", 0, time.monotonic() + SECONDS

    def __enter__(self):
        return self

    def __exit__(self, *_):
        asking.end(self.process)
        os.close(self.out)
        os.close(self.into)
        shutil.rmtree(self.home, ignore_errors=True)

    def message(self):
        os.set_blocking(self.into, False)
        while b"\0" not in self.left:
            if time.monotonic() > self.until:
                raise Failed("the browser says nothing")
            try:
                more = os.read(self.into, 1 << 20)
            except BlockingIOError:
                time.sleep(0.05)
                continue
            if not more:
                raise Failed("the browser has ended")
            self.left += more
        one, self.left = self.left.split(b"\0", 1)
        return json.loads(one)

    def do(self, method, session=None, **words):
        """A command's result."""
        self.number += 1
        asked = {"id": self.number, "method": method, "params": words}
        os.write(self.out, json.dumps({**asked, "sessionId": session} if session else asked).encode() + b"\0")
        while True:
            said = self.message()
            if said.get("id") == self.number:
                if "error" in said:
                    raise Failed("%s: %s" % (method, said["error"].get("message")))
                return said["result"]


def picture(program, url, file, lang="en", width=1280, height=1600):
    """Writes a PNG of the page, or Failed."""
    try:
        with Browser(program, width, height, lang) as browser:
            target = browser.do("Target.createTarget", url=url)["targetId"]
            session = browser.do("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
            browser.do("Emulation.setDeviceMetricsOverride", session, width=width, height=height, deviceScaleFactor=1, mobile=False)
            filled = False
            while not filled and time.monotonic() < browser.until - SECONDS / 2:
                time.sleep(0.5)
                said = browser.do("Runtime.evaluate", session, expression="document.body ? document.body.innerText.length : 0")
                filled = said["result"].get("value", 0) >= FILLED
            time.sleep(SETTLE_SECONDS)
            file.write_bytes(base64.b64decode(browser.do("Page.captureScreenshot", session)["data"]))
    except OSError as why:
        raise Failed(why.strerror) from None
    except (KeyError, ValueError) as what:
        raise Failed("the browser's answer is not understood (%s)" % what) from None
