"""How fast generators run in a visitor's browser, and what that costs the server.

    python benchmarks/browser.py
    python benchmarks/browser.py --seconds 60 --json

Protocol: a headless Chromium without a graphics processor (its WebGL2 is computed by the CPU), on
the machine that also runs the server. Engines: the median and the least of the milliseconds of so
many latent vectors, each engine by itself on the page's own thread; on a busy machine the least is
nearer to what an idle one takes, and of plain JavaScript also the mean processor time of that
thread, which hardly depends on what else runs. Pad: the pointer is dragged over the pad of
the app for so many seconds, sixty moves a second or as many as the machine manages; pictures a
second, and the time from a move to the picture that shows it (the second picture after it, unless
none was under way: an upper bound). Messages to the server are counted, and its processor time is
taken from the system, beside that of as many seconds without a visitor's hand. First picture: from
the address to the first picture on the pad: by a new visitor of a server that was visited before,
by the same one again, and of the page in one file, from disk.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from machine import machine
from playwright.sync_api import Browser, Page, Route, sync_playwright

from gandash import browser, checkpoints
from gandash.browser import page as pages
from gandash.checkpoints import Checkpoint, weights
from gandash.storage.paths import PROJECT, pretrained_root

GENERATORS = {
    "32x32, width 32": "mnist-half-dcgan-seed-0",
    "32x32, width 64": "mnist-dcgan",
    "64x64 TinyHero, width 24": "tinyhero-dcgan",
}
PAGE = ("mnist-half-dcgan-seed-0", "mnist-dcgan", "tinyhero-dcgan")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
MODULES = Path(browser.__file__).parent
SITE = "http://127.0.0.1:9"
ENGINE = """async ([module, name, count]) => {
  const { [name]: Engine } = await import(`/runtime/${module}.js`);
  const { readProgram } = await import("/runtime/program.js");
  const { drawLatent } = await import("/runtime/random.js");
  const program = readProgram(await (await fetch("/weights")).arrayBuffer());
  const engine = new Engine(program, document.createElement("canvas"));
  window.make = (images) => {
    const times = [];
    for (let seed = 0; seed < images; seed += 1) {
      const z = drawLatent(seed, program.latent);
      const start = performance.now();
      engine.make(z, null);
      times.push(performance.now() - start);
    }
    return times.sort((a, b) => a - b);
  };
  window.make(10); // the browser gets used to it
  const sorted = window.make(count);
  return { median: sorted[count >> 1], least: sorted[0] };
}"""
WATCH = """() => {
  const pad = document.querySelector(".surface") ?? [...document.querySelectorAll("*")]
    .map((it) => it.shadowRoot?.querySelector(".surface")).find(Boolean);
  window.moves = []; window.drawn = [];
  pad.addEventListener("pointermove", () => window.moves.push(performance.now()));
  new MutationObserver(() => window.drawn.push(performance.now()))
    .observe(pad.querySelector("canvas"), { attributeFilter: ["data-drawn"] });
}"""


def main() -> None:
    options = _parser().parse_args()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else "unknown"
    facts = machine(torch.device("cpu")) | {"cores": os.cpu_count(), "load": load}
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        visitor = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        facts["chromium"] = visitor.version
        results = {"engines": engines(visitor, options.count), "page": one_file(visitor)}
        results |= with_server(visitor, options.seconds)
        visitor.close()
    if options.json:
        print(json.dumps({"machine": facts, "results": results}))
    else:
        print(json.dumps({"machine": facts, "results": results}, indent=2))


def found(name: str) -> Checkpoint:
    folder = pretrained_root() / name
    return Checkpoint(folder, checkpoints.load_card(folder))


def engines(visitor: Browser, count: int) -> dict[str, dict[str, dict[str, float]]]:
    """Milliseconds an image, by generator and engine."""
    results = {}
    for title, name in GENERATORS.items():
        content = browser.pack(weights.load_generator(found(name)))
        page = visitor.new_page()
        page.route("**/*", _answers(content))
        page.goto(f"{SITE}/")
        results[title] = {
            "plain JavaScript": page.evaluate(ENGINE, ["typed_arrays", "TypedArrays", count])
            | {"processor": _processor_milliseconds(page, count)},
            "WebGL2 by the CPU": page.evaluate(ENGINE, ["webgl", "WebGL", max(3, count // 10)]),
        }
        page.close()
    return results


def _processor_milliseconds(page: Page, count: int) -> float:
    """Of the page's thread, an image, by the engine that was opened last."""
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def spent() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return float(next(it["value"] for it in metrics if it["name"] == "TaskDuration"))

    before = spent()
    page.evaluate("count => window.make(count).length", count)
    milliseconds = 1000 * (spent() - before) / count
    session.detach()
    return milliseconds


def _answers(weights_file: bytes) -> Callable[[Route], None]:
    """The modules as they lie on disk, an empty page, and the weights."""

    def answer(route: Route) -> None:
        place = route.request.url.removeprefix(SITE)
        if place == "/weights":
            route.fulfill(body=weights_file)
        elif place == "/":
            route.fulfill(body="<!doctype html>", content_type="text/html")
        elif (MODULES / place[1:]).is_file():
            route.fulfill(path=MODULES / place[1:], content_type="text/javascript")
        else:
            route.fulfill(status=404, body="")

    return answer


def one_file(visitor: Browser) -> dict[str, float]:
    """Bytes of a page of three checkpoints, and seconds to its first picture."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "page.html"
        size, _ = pages.write_file([found(name) for name in PAGE], path)
        page = visitor.new_page()
        seconds = _seconds_to_first_picture(page, path.as_uri())
        page.close()
    return {"bytes": size, "seconds": seconds}


def _seconds_to_first_picture(page: Page, address: str) -> float:
    """Looked for without pause: `wait_for` would look twice a second after the first half."""
    start = time.perf_counter()
    page.goto(address, wait_until="commit")
    drawn = page.locator(".surface canvas[data-drawn]")
    while not drawn.count():
        if time.perf_counter() - start > 120:
            raise RuntimeError("No picture came within two minutes")
        time.sleep(0.01)
    return time.perf_counter() - start


def with_server(visitor: Browser, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as kept:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
        command += ["--server.headless", "true", "--server.port", str(port)]
        environment = {**os.environ, "GANDASH_RUNS": kept, "PYTHONPATH": str(PROJECT)}
        server = subprocess.Popen(command, cwd=PROJECT, env=environment, stdout=subprocess.DEVNULL)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait(f"{address}/_stcore/health")
            return _visit(visitor, f"{address}/latent", server.pid, seconds)
        finally:
            server.terminate()
            server.wait(30)


def _wait(address: str) -> None:
    for _ in range(400):
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if answer.read() == b"ok":
                    return
        except OSError:
            time.sleep(0.3)
    raise RuntimeError("The server did not answer")


def _visit(visitor: Browser, address: str, server: int, seconds: float) -> dict[str, Any]:
    first = visitor.new_page()
    _seconds_to_first_picture(first, address)
    first.close()
    newcomer = visitor.new_context()
    page = newcomer.new_page()
    received = _count_bytes(page)
    sent = _messages(page)
    to_first = _seconds_to_first_picture(page, address)
    page.wait_for_timeout(3000)
    bytes_received = sum(received)
    second = newcomer.new_page()
    again = _seconds_to_first_picture(second, address)
    second.close()
    at_rest = _processor_seconds(server)
    page.wait_for_timeout(1000 * seconds)
    at_rest = _processor_seconds(server) - at_rest
    page.evaluate(WATCH)
    before, processor = len(sent), _processor_seconds(server)
    _drag(page, seconds)
    processor = _processor_seconds(server) - processor
    moves, drawn = page.evaluate("[window.moves, window.drawn]")
    waits = sorted(_waits(moves, drawn))
    return {
        "app": {"seconds": to_first, "seconds again": again, "bytes": bytes_received},
        "pad": {
            "seconds": seconds,
            "moves a second": len(moves) / seconds,
            "pictures a second": len(drawn) / seconds,
            "p50 ms": waits[len(waits) // 2],
            "p95 ms": waits[int(len(waits) * 0.95)],
            "messages": len(sent) - before,
            "server's processor seconds": processor,
            "server's processor seconds at rest": at_rest,
        },
    }


def _messages(page: Page) -> list[object]:
    """What the page tells the server from now on, filled as it does."""
    sent: list[object] = []

    def record(frame: object) -> None:
        sent.append(frame)

    page.on("websocket", lambda socket: socket.on("framesent", record))
    return sent


def _count_bytes(page: Page) -> list[int]:
    """Bytes of all answers, filled as they come; what the WebSocket brings is not in them."""
    received: list[int] = []
    devtools = page.context.new_cdp_session(page)
    devtools.send("Network.enable")

    def record(event: dict[str, Any]) -> None:
        received.append(int(event["encodedDataLength"]))

    devtools.on("Network.loadingFinished", record)
    return received


def _drag(page: Page, seconds: float) -> None:
    box = page.locator(".surface").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 20, box["y"] + 20)
    page.mouse.down()
    start = time.perf_counter()
    while (now := time.perf_counter() - start) < seconds:
        x, y = (abs((now * speed) % 2 - 1) for speed in (0.7, 0.43))
        page.mouse.move(
            box["x"] + 10 + x * (box["width"] - 20), box["y"] + 10 + y * (box["height"] - 20)
        )
        time.sleep(max(0.0, 1 / 60 - (time.perf_counter() - start - now)))
    page.mouse.up()
    page.wait_for_timeout(500)


def _waits(moves: list[float], drawn: list[float]) -> list[float]:
    """Milliseconds from each move to a picture that surely shows it.

    A picture that came after it may have been under way before; the one after that was not.
    """
    waits = []
    for move in moves:
        later = [at for at in drawn if at >= move][:2]
        if len(later) == 2:
            idle = later[1] - later[0] > 100
            waits.append((later[0] if idle else later[1]) - move)
    return waits


def _processor_seconds(process: int) -> float:
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=60, help="latent vectors an engine")
    parser.add_argument("--seconds", type=float, default=60.0, help="seconds of dragging")
    parser.add_argument("--json", action="store_true", help="one line of JSON")
    return parser


if __name__ == "__main__":
    main()
