"""How the app answers many visitors at once.

    python benchmarks/server.py                              # 1, 10 and 50 visitors, 30 s each
    python benchmarks/server.py --visitors 50 --training --json
    python benchmarks/server.py --visitors 10 --soak 10      # ten minutes, and the slope of memory
    python benchmarks/server.py --against ../before          # beside another checkout, turn about

A server of its own is started for each row and warmed up by one visitor who sees every page. Then
the visitors come, evenly within the first seconds, each on another page (see visitor.py for what
they do as a browser does). Each changes some widgets of its page, draws breath for a second on
average before each, and goes on to the next page; widgets and values are drawn from a seed, so that
two checkouts are asked for the same.

Times go from the request to the end of the page's run at the visitor; those of a first load begin
with the document. Processor time and memory are the server's alone, from /proc: without the
visitors, and without what trains beside it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import math
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from machine import machine
from visitor import Answer, Visitor, changeable

from gandash import runs
from gandash.config import Config
from gandash.jobs import control

PROJECT = Path(__file__).resolve().parents[1]
START_SECONDS = 300.0
THINK_SECONDS = 1.0
ARRIVAL_SECONDS = 3.0
CHANGES_A_PAGE = 5
SAMPLE_SECONDS = 0.5
MEGABYTE = 2**20
NAMED_ERRORS = 10
CHANGED = {
    "": (
        "gallery_seed", "gallery_count", "gallery_sort", "gallery_objective",
        "gallery_checkpoints_by_title", "gallery_sample",
    ),
    "latent": ("latent_taken",),
    "compare": ("compare_seed", "compare_count", "compare_checkpoints_by_title"),
    "curves": (
        "curves_x", "curves_smoothing", "curves_log", "curves_clip", "curves_runs_by_title",
    ),
    "smoothing": (
        "smoothing_arms_by_title", "smoothing_curves", "smoothing_run_seed", "smoothing_seed",
    ),
    "playground": ("play_a", "play_b"),
    "learn": ("lesson", "lesson_next"),
    "train": ("train_preset", "train.loss.objective", "train.seed", "train.batch_size"),
}  # fmt: skip


@dataclass
class Seen:
    """What visitors met with."""

    first_loads: list[Answer] = field(default_factory=list)
    interactions: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    page_changes: list[Answer] = field(default_factory=list)
    polls: list[Answer] = field(default_factory=list)

    def everything(self) -> Iterator[Answer]:
        yield from self.first_loads
        for answers in self.interactions.values():
            yield from answers
        yield from self.page_changes
        yield from self.polls


class Server:
    """The app of a checkout on a free port, with an empty folder of runs."""

    def __init__(self, checkout: Path, root: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        command = [sys.executable, "-m", "streamlit", "run", "streamlit_app.py"]
        command += ["--server.headless", "true", "--server.address", "127.0.0.1"]
        command += ["--server.port", str(port)]
        environment = {**os.environ, "PYTHONPATH": str(checkout), "GANDASH_RUNS": str(root)}
        began = time.perf_counter()
        self.log = root.parent / "server.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                command, cwd=checkout, env=environment, stdout=log, stderr=log
            )
        self._wait()
        self.start_seconds = time.perf_counter() - began

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5) as answer:
                    if answer.read() == b"ok":
                        return
            except OSError:
                time.sleep(0.05)
        self.end()
        raise RuntimeError(f"The server did not start:\n{self.log.read_text()[-2000:]}")

    def end(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def processor_seconds(self) -> float:
        """Time that the server has had of all processors, its children not counted."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Megabytes that the server holds."""
        fields = Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") / MEGABYTE


@contextmanager
def served(checkout: Path, *, training: bool) -> Iterator[Server]:
    """A server of a checkout, beside a run that trains if asked for."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "runs"
        root.mkdir()
        server = Server(checkout, root)
        run = None
        try:
            if training:
                run = control.submit(root, Config(epochs=1000), "beside")
            yield server
        finally:
            server.end()
            if run is not None:
                run.request_stop()
                wait_until_left(run)


def wait_until_left(run: runs.Run) -> None:
    """Until nobody trains a run any more, so that its folder can go."""
    deadline = time.monotonic() + START_SECONDS
    while (run.held or run.status().under_way) and time.monotonic() < deadline:
        time.sleep(0.2)


async def warm_up(server: Server) -> Answer:
    """One visitor sees every page and changes everything once; what the very first page took."""
    visitor = Visitor(server.url, random.Random(0))
    first = await visitor.open()
    for page, keys in CHANGED.items():
        await visitor.go_to(page)
        for key in keys:
            for widget in changeable(visitor, {page: [key]}):
                await visitor.change(widget)
    await visitor.close()
    return first


async def visit(server: Server, number: int, arrival: float, until: float, seen: Seen) -> None:
    """One visitor, until the time is over."""
    chance = random.Random(number)
    visitor = Visitor(server.url, chance)
    pages = list(CHANGED)
    place = number % len(pages)
    await asyncio.sleep(arrival)
    try:
        seen.first_loads.append(await visitor.open(pages[place]))
        while True:
            for _ in range(CHANGES_A_PAGE):
                seen.polls += await visitor.wait(
                    chance.uniform(0.5 * THINK_SECONDS, 1.5 * THINK_SECONDS)
                )
                if time.perf_counter() > until:
                    return
                widgets = changeable(visitor, CHANGED)
                if widgets:
                    page = pages[place]
                    seen.interactions[page].append(await visitor.change(chance.choice(widgets)))
            place = (place + 1) % len(pages)
            seen.page_changes.append(await visitor.go_to(pages[place]))
    except OSError as error:
        seen.polls.append(Answer(0.0, errors=[f"{type(error).__name__}: {error}"]))
    finally:
        await visitor.close()


async def memory_over_time(server: Server, samples: list[tuple[float, float]]) -> None:
    """Minutes and megabytes, again and again until cancelled."""
    began = time.perf_counter()
    while True:
        samples.append(((time.perf_counter() - began) / 60, server.memory()))
        await asyncio.sleep(SAMPLE_SECONDS)


async def load(server: Server, visitors: int, seconds: float) -> dict[str, Any]:
    """One row: so many visitors for so long."""
    cold = await warm_up(server)
    seen = Seen()
    samples: list[tuple[float, float]] = []
    watching = asyncio.create_task(memory_over_time(server, samples))
    before = server.processor_seconds()
    began = time.perf_counter()
    await asyncio.gather(
        *(
            visit(server, number, ARRIVAL_SECONDS * number / visitors, began + seconds, seen)
            for number in range(visitors)
        )
    )
    elapsed = time.perf_counter() - began
    processor = server.processor_seconds() - before
    watching.cancel()
    answers = list(seen.everything())
    interactions = [answer for page in seen.interactions.values() for answer in page]
    errors = [error for answer in answers for error in answer.errors]
    return {
        "visitors": visitors,
        "seconds": round(elapsed, 1),
        "start_seconds": round(server.start_seconds, 2),
        "first_load_cold_ms": round(1000 * cold.seconds, 1),
        "first_load": summary(seen.first_loads),
        "interactions": summary(interactions),
        "by_page": {page or "gallery": summary(it) for page, it in seen.interactions.items()},
        "page_changes": summary(seen.page_changes),
        "polls": summary(seen.polls),
        "errors": len(errors),
        "error_texts": dict(Counter(errors).most_common(NAMED_ERRORS)),
        "requests_per_second": round(len(answers) / elapsed, 2),
        "processor_cores": round(processor / elapsed, 3),
        "processor_ms_per_request": round(1000 * processor / max(1, len(answers)), 2),
        "rss_mb": memory_of(samples),
    }


def memory_of(samples: Sequence[tuple[float, float]]) -> dict[str, float]:
    """Megabytes at the start, at most, at the end, and their slope by least squares."""
    minutes, held = zip(*samples, strict=True)
    slope = statistics.linear_regression(minutes, held).slope if len(samples) > 1 else 0.0
    return {
        "start": round(held[0], 1),
        "peak": round(max(held), 1),
        "end": round(held[-1], 1),
        "growth": round(held[-1] - held[0], 1),
        "slope_per_minute": round(slope, 2),
    }


def summary(answers: Sequence[Answer]) -> dict[str, float]:
    """Count and milliseconds by nearest rank; messages and kilobytes on average."""
    if not answers:
        return {"count": 0}
    times = sorted(1000 * answer.seconds for answer in answers)
    ranks = {f"p{share}_ms": times[math.ceil(share / 100 * len(times)) - 1] for share in RANKS}
    count = len(answers)
    return {
        "count": count,
        **{name: round(value, 1) for name, value in ranks.items()},
        "worst_ms": round(times[-1], 1),
        "messages": round(sum(answer.messages for answer in answers) / count, 1),
        "kilobytes": round(sum(answer.size for answer in answers) / count / 1000, 1),
    }


RANKS = (50, 95, 99)


def measured(options: argparse.Namespace) -> list[dict[str, Any]]:
    """All rows: each checkout in turn for each number of visitors and each round."""
    rows = []
    seconds = 60 * options.soak or options.seconds
    for visitors in options.visitors:
        for _ in range(options.rounds):
            for checkout in [PROJECT, *options.against]:
                with served(checkout.resolve(), training=options.training) as server:
                    row = asyncio.run(load(server, visitors, seconds))
                rows.append({"checkout": commit(checkout), "training": options.training, **row})
                if not options.json:
                    print(line_of(rows[-1]), flush=True)
    return rows


def commit(checkout: Path) -> str:
    """Which state of the project it is."""
    asked = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=checkout, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return asked.stdout.strip() or checkout.name


def line_of(row: dict[str, Any]) -> str:
    interactions, first, memory = row["interactions"], row["first_load"], row["rss_mb"]
    return (
        f"{row['checkout']:>16} {row['visitors']:>4} visitors  interactions "
        f"{interactions.get('p50_ms', 0):7.0f} {interactions.get('p95_ms', 0):7.0f} "
        f"{interactions.get('p99_ms', 0):7.0f} ms  first load {first['p50_ms']:7.0f} "
        f"{first['p95_ms']:7.0f} ms  {row['requests_per_second']:5.1f}/s at "
        f"{row['processor_cores']:.2f} cores, {row['processor_ms_per_request']:5.1f} ms each  "
        f"{memory['start']:.0f} → {memory['peak']:.0f} MB, {memory['slope_per_minute']:+.1f}/min  "
        f"{row['errors']} errors"
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--visitors", type=int, nargs="+", default=[1, 10, 50])
    parser.add_argument("--seconds", type=float, default=30.0, help="of each row")
    parser.add_argument("--soak", type=float, default=0.0, help="minutes of each row, instead")
    parser.add_argument("--training", action="store_true", help="while a run on MNIST trains")
    parser.add_argument("--against", type=Path, action="append", default=[], help="a checkout")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    if not options.json:
        print("interactions: p50, p95, p99; first load: p50, p95; memory of the server")
    rows = measured(options)
    if options.json:
        facts = {"machine": machine(torch.device("cpu")), "cores": os.cpu_count(), "rows": rows}
        print(json.dumps(facts | {"think_seconds": THINK_SECONDS}, indent=1))


if __name__ == "__main__":
    main()
