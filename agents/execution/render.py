"""Runs inside the sandbox: opens a page in a headless Chromium and tells what its console said. Standard library only.

Argument: the page's URL. Standard output: one line of JSON, {"title": str, "errors": [str], "screenshot": str} with a
JPEG in base64, or {"problem": str} when the page could not be opened at all.
"""

import json
import os
import select
import shutil
import subprocess
import sys
import time
from typing import Any

# Debian's 'chromium' is a script that wants files of /etc, which is not there in every sandbox.
REAL_PROGRAM = "/usr/lib/chromium/chromium"
LOAD_SECONDS = 15.0
SETTLE_SECONDS = 1.5
ANSWER_SECONDS = 10.0
MOST_ERRORS = 20
FLAGS = (
    "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --mute-audio "
    "--disable-background-networking --disable-extensions --window-size=1000,700 --user-data-dir=/tmp/.browser "
    "--remote-debugging-pipe"
)


class Chromium:
    """Speaks the DevTools protocol through two pipes: messages of JSON, ended by NUL."""

    def __init__(self, program: str) -> None:
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        line = f"exec {program} {FLAGS} 3<&{theirs_in} 4>&{theirs_out}"
        quiet = subprocess.DEVNULL
        self._process = subprocess.Popen(
            ["/bin/bash", "-c", line], pass_fds=(theirs_in, theirs_out), stdin=quiet, stdout=quiet, stderr=quiet
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._buffer = b""
        self._number = 0
        self._session = ""
        self.errors: list[str] = []
        self.loaded = False

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """One command and its result; what happens meanwhile is noted. Raises TimeoutError, ConnectionError."""
        self._number += 1
        order = {"id": self._number, "method": method, "params": params}
        if self._session:
            order["sessionId"] = self._session
        os.write(self._out, json.dumps(order).encode() + b"\0")
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            message = self._receive(deadline)
            if message is None:
                raise TimeoutError(f"the browser did not answer {method}")
            if message.get("id") == self._number:
                result: dict[str, Any] = message.get("result", {})
                return result

    def attach(self) -> None:
        """Open a tab and listen to it."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def watch(self, seconds: float, *, until_loaded: bool = False) -> None:
        """Note what happens for some seconds."""
        deadline = time.monotonic() + seconds
        while not (until_loaded and self.loaded) and self._receive(deadline) is not None:
            pass

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()

    def _receive(self, deadline: float) -> dict[str, Any] | None:
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._in], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                return None
            chunk = os.read(self._in, 1 << 16)
            if not chunk:
                raise ConnectionError("the browser ended")
            self._buffer += chunk
        raw, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(raw)
        self._note(message.get("method", ""), message.get("params", {}))
        return message

    def _note(self, method: str, params: dict[str, Any]) -> None:
        text = ""
        if method == "Page.loadEventFired":
            self.loaded = True
        elif method == "Runtime.exceptionThrown":
            details = params["exceptionDetails"]
            text = details.get("exception", {}).get("description") or details.get("text", "")
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            text = " ".join(str(one.get("value", one.get("description", ""))) for one in params["args"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            entry = params["entry"]
            # No page asks for its icon by itself; browsers do.
            if not entry.get("url", "").endswith("/favicon.ico"):
                text = f"{entry['text']} {entry.get('url', '')}".strip()
        if text and len(self.errors) < MOST_ERRORS:
            self.errors.append(text[:500])


def render(url: str) -> dict[str, Any]:
    """Open the page, wait until it has settled, and look at it."""
    program = shutil.which(REAL_PROGRAM) or shutil.which("chromium")
    if program is None:
        return {"problem": "There is no browser in this sandbox."}
    browser = Chromium(program)
    try:
        browser.attach()
        browser.call("Page.navigate", url=url)
        browser.watch(LOAD_SECONDS, until_loaded=True)
        if not browser.loaded:
            browser.errors.append(f"The page was not loaded within {LOAD_SECONDS:.0f} s.")
        browser.watch(SETTLE_SECONDS)
        title = browser.call("Runtime.evaluate", expression="document.title").get("result", {}).get("value", "")
        picture = browser.call("Page.captureScreenshot", format="jpeg", quality=50).get("data", "")
    except (TimeoutError, ConnectionError, OSError, KeyError) as error:
        return {"problem": f"The browser did not work here: {error}"}
    finally:
        browser.end()
    return {"title": str(title)[:200], "errors": browser.errors, "screenshot": picture}


sys.stdout.write(json.dumps(render(sys.argv[1])))
