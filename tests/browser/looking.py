"""Looks at pages with a Chromium, by the DevTools protocol over a pipe. Runs alone, with nothing but Python.

``python3 looking.py JOBS.json``: each job is a page, a size, a colour scheme, perhaps a file for a screenshot, and
an expression to evaluate in the page. Printed is what each came to, as JSON.
"""

import base64
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
from typing import Any

PROGRAM = "chromium"
QUIET = 0.3
"""Seconds without a word of the browser after which a page is at rest."""


class Browser:
    """A headless Chromium with one page."""

    def __init__(self) -> None:
        self._profile = tempfile.TemporaryDirectory()
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        script = f"exec {PROGRAM} --headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --hide-scrollbars"
        script += f" --no-first-run --user-data-dir={self._profile.name} --remote-debugging-pipe about:blank"
        self._process = subprocess.Popen(
            ["sh", "-c", f"{script} 3<&{theirs_in} 4>&{theirs_out} >/dev/null 2>&1"],
            pass_fds=(theirs_in, theirs_out),
        )
        os.close(theirs_in)
        os.close(theirs_out)
        os.set_blocking(self._in, False)
        self._buffer = b""
        self._sent = 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: object) -> Any:
        """Call a method and wait for what it returns; what happens meanwhile is kept in ``events``."""
        self._sent += 1
        call = {"id": self._sent, "method": method, "params": parameters}
        if self._session:
            call["sessionId"] = self._session
        os.write(self._out, json.dumps(call).encode() + b"\0")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            for message in self._heard():
                if message.get("id") == self._sent:
                    if "error" in message:
                        raise RuntimeError(f"{method}: {message['error']['message']}")
                    return message["result"]
                self.events.append(message)
            time.sleep(0.005)
        raise RuntimeError(f"{method}: the browser does not answer")

    def rest(self, event: str) -> None:
        """Wait for an event, and then until nothing more happens."""
        deadline, last = time.monotonic() + 60, time.monotonic()
        while time.monotonic() < deadline:
            if heard := self._heard():
                self.events += heard
                last = time.monotonic()
            seen = any(message.get("method") == event for message in self.events)
            if seen and time.monotonic() - last > QUIET:
                return
            time.sleep(0.01)
        raise RuntimeError(f"the page never came to {event}")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        os.close(self._in)
        os.close(self._out)
        for _ in range(50):
            try:
                self._profile.cleanup()
            except OSError:  # processes of the browser still write
                time.sleep(0.1)
            else:
                return

    def _heard(self) -> list[dict[str, Any]]:
        try:
            data = os.read(self._in, 1 << 20)
        except BlockingIOError:
            return []
        if not data:
            raise RuntimeError("the browser has ended")
        *whole, self._buffer = (self._buffer + data).split(b"\0")
        return [json.loads(message) for message in whole]


def look(browser: Browser, job: dict[str, Any]) -> dict[str, Any]:
    """Open a page, and tell what it asked for, what it complained of, and what an expression is worth there."""
    width, height = job["width"], job.get("height", 900)
    browser.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=job.get("scale", 1),
                mobile=width < 600)  # fmt: skip
    scheme = "dark" if job.get("dark") else "light"
    browser.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.events.clear()
    browser.ask("Page.navigate", url=job["page"])
    browser.rest("Page.loadEventFired")
    answer = None
    if job.get("ask"):
        told = browser.ask("Runtime.evaluate", expression=job["ask"], returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise RuntimeError(told["exceptionDetails"]["exception"]["description"])
        answer = told["result"].get("value")
    if job.get("screenshot"):
        shot = browser.ask("Page.captureScreenshot", captureBeyondViewport=bool(job.get("whole")),
                           **({"clip": _all_of(browser)} if job.get("whole") else {}))  # fmt: skip
        pathlib.Path(job["screenshot"]).write_bytes(base64.b64decode(shot["data"]))
    return {"requests": _requests(browser), "complaints": _complaints(browser), "answer": answer}


def _all_of(browser: Browser) -> dict[str, float]:
    size = browser.ask("Page.getLayoutMetrics")["cssContentSize"]
    return {"x": 0, "y": 0, "width": size["width"], "height": min(size["height"], 16000), "scale": 1}


def _requests(browser: Browser) -> list[str]:
    return [
        event["params"]["request"]["url"]
        for event in browser.events
        if event.get("method") == "Network.requestWillBeSent"
    ]


def _complaints(browser: Browser) -> list[str]:
    told = []
    for event in browser.events:
        match event.get("method"):
            case "Log.entryAdded":
                told.append(event["params"]["entry"]["text"])
            case "Runtime.consoleAPICalled" | "Runtime.exceptionThrown" | "Page.javascriptDialogOpening":
                told.append(json.dumps(event["params"]))
    return told


def main() -> None:
    jobs = json.loads(pathlib.Path(sys.argv[1]).read_text())
    browser = Browser()
    try:
        print(json.dumps([look(browser, job) for job in jobs]))
    finally:
        browser.close()


if __name__ == "__main__":
    main()
