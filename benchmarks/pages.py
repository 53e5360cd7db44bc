"""How long every page takes to open, warm, with three runs where a page takes runs.

    python benchmarks/pages.py                        # 20 openings of each page
    python benchmarks/pages.py --openings 50 --json
    python benchmarks/pages.py --pages curves --runs mine another

A server of its own is started, and each page is opened once before it counts. An opening is that of
a new tab, alone on the server: the document, the connection, the page's run to its end, and what it
names of pictures. A browser draws it then, which is not in these figures. Time goes from the
request to the end; processor time is the server's, on average, and says what a page costs on a
machine that does other things as well.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import torch
from machine import machine
from server import PROJECT, Server, commit, summary
from visitor import Answer, Visitor

SHIPPED = ["mnist-dcgan", "mnist-dcgan-one-sided", "mnist-dcgan-two-sided"]
AIM_MS = 600
LESSONS = [f"learn?{number}" for number in range(1, 9)]
PAGES = [
    "gallery", "latent", "compare", "translate", "curves", "smoothing", "playground", *LESSONS,
    "train",
]  # fmt: skip
TAKES_RUNS = {
    "compare": "compare_checkpoints",
    "curves": "curves_runs",
    "smoothing": "smoothing_arms",
}


def link_to(page: str, runs: Sequence[str]) -> tuple[str, str]:
    """A page's address and its query, with the runs where it takes some."""
    path, _, lesson = page.partition("?")
    if path in TAKES_RUNS:
        return path, urlencode({TAKES_RUNS[path]: runs}, doseq=True)
    if lesson:
        return path, urlencode({"lesson": lesson})
    if path == "playground":
        return path, urlencode({"play_a": "Collapse", "play_b": "Ring of eight"})
    return ("" if path == "gallery" else path), ""


async def opened(server: Server, page: str, runs: Sequence[str]) -> Answer:
    """One opening of a page, in a new tab."""
    visitor = Visitor(server.url, random.Random(0))
    answer = await visitor.open(*link_to(page, runs))
    await visitor.close()
    return answer


async def measured(server: Server, options: argparse.Namespace) -> list[dict[str, Any]]:
    """A row a page. The pages come turn about, so that no moment is one page's alone."""
    pages, runs, openings = options.pages, options.runs, options.openings
    for page in pages:
        await opened(server, page, runs)
    answers: dict[str, list[Answer]] = {page: [] for page in pages}
    spent = dict.fromkeys(pages, 0.0)
    for _ in range(openings):
        for page in pages:
            before = server.processor_seconds()
            answers[page].append(await opened(server, page, runs))
            spent[page] += server.processor_seconds() - before
    return [
        {
            "page": page,
            **summary(answers[page]),
            "processor_ms": round(1000 * spent[page] / openings, 1),
            "errors": sorted({error for it in answers[page] for error in it.errors}),
        }
        for page in pages
    ]


def line_of(row: dict[str, Any]) -> str:
    """A row of the table."""
    within = "" if row["p95_ms"] <= AIM_MS else f"  above {AIM_MS} ms"
    errors = f"  {row['errors']}" if row["errors"] else ""
    return (
        f"{row['page']:<12} {row['p50_ms']:7.0f} {row['p95_ms']:7.0f} {row['processor_ms']:10.0f} "
        f"{row['messages']:9.0f} {row['kilobytes']:7.0f}{within}{errors}"
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--openings", type=int, default=20, help="of each page")
    parser.add_argument("--pages", nargs="+", choices=PAGES, default=PAGES)
    parser.add_argument("--runs", nargs="+", default=SHIPPED, help="of the pages that take some")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "runs"
        root.mkdir()
        server = Server(PROJECT, root)
        try:
            rows = asyncio.run(measured(server, options))
        finally:
            server.end()
    facts: dict[str, Any] = {"machine": machine(torch.device("cpu")), "cores": os.cpu_count()}
    facts |= {"commit": commit(PROJECT), "openings": options.openings, "rows": rows}
    if options.json:
        print(json.dumps(facts, indent=1))
        return
    print(f"{facts['machine']['processor']}, {facts['cores']} cores, {facts['commit']}")
    print(f"{'page':<12} {'p50 ms':>7} {'p95 ms':>7} {'processor':>10} {'messages':>9} {'kB':>7}")
    for row in rows:
        print(line_of(row))


if __name__ == "__main__":
    main()
