"""How fast gandash trains, beside a plain textbook DCGAN on the same data, shapes and batch.

    python benchmarks/training.py
    python benchmarks/training.py --problems 32 --rounds 9 --json
    python benchmarks/training.py --problems ring --steps 100 --batch-size 256 --width 128 \
        --threads 1
    python benchmarks/training.py --roofline

Protocol: each side lives in a process of its own, and they take turns, a few steps each, so
that whatever else the machine does meets both alike. A first turn each is not counted: the
plain side warms up, gandash chooses its arithmetic. Per side the median turn is given with the
slowest and the fastest; the ratio is that of the medians, and its range that of single rounds.

Plain side: fp32, channels first, binary cross-entropy on sigmoid outputs, a DataLoader over
float images, losses read every step, D not frozen while G learns, default Adam: the usual
tutorial. gandash: its own loop with automatic precision, all metrics, and a report per turn,
at 10 steps a turn as often as by default; its process is started as the command line and the
Train page start one, so that it keeps its memory (see gandash/startup.py).

A problem is a size of MNIST in pixels, or the name of a set of points in the plane, on which both
sides train the fully connected pair. There a DataLoader takes most of the plain side's time, so
``--batches index`` gives that side the next best thing, a tensor cut by random indices.

``--roofline`` measures first what the device reaches in large matrix products and convolutions, and
says what share of the latter, in the arithmetic that was chosen, gandash's side reaches.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any, Literal

import roofline
import torch
from machine import machine
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from gandash import data, startup
from gandash.config import ARCHITECTURES, Config, DataConfig, parse_config
from gandash.data import Dataset
from gandash.training import choose_device, new_state, train

Name = Literal["plain", "gandash"]

IMAGES = 6400
LATENT = 100
PLANE = ("ring", "grid")


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads or torch.get_num_threads())
    facts = machine(choose_device(options.device))
    limits = roofline.ceilings(choose_device(options.device)) if options.roofline else {}
    results = []
    for problem in options.problems:
        result = compare(problem, options)
        if limits:
            result["roofline"] = _reached(result, limits, options.batch_size)
        results.append(result)
        if not options.json:
            print(_line(result), flush=True)
    if options.json:
        settings = {name: value for name, value in vars(options).items() if name != "json"}
        everything = {"machine": facts, "settings": settings, "ceilings": limits}
        print(json.dumps(everything | {"results": results}, indent=2))
    else:
        for name, limit in limits.items():
            print(f"{name}: {limit:.0f} GFLOP/s")
        print(", ".join(f"{name}: {value}" for name, value in facts.items()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Training speed of gandash beside a plain DCGAN loop."
    )
    parser.add_argument(
        "--problems", nargs="+", default=["32", "64"], choices=("16", "32", "64", "128", *PLANE)
    )
    parser.add_argument(
        "--batches", choices=("loader", "index"), default="loader", help="of the plain side"
    )
    parser.add_argument(
        "--width", type=int, default=64, help="filters beside the image, or units (default: 64)"
    )
    parser.add_argument(
        "--batch-size", type=int, default=128, help="images or points per step (default: 128)"
    )
    parser.add_argument("--threads", type=int, help="default: as torch chooses")
    parser.add_argument("--rounds", type=int, default=4, help="turns per side (default: 4)")
    parser.add_argument("--steps", type=int, default=10, help="steps per turn (default: 10)")
    parser.add_argument(
        "--device", default="auto", choices=("auto", "cuda", "mps", "cpu"), help="default: auto"
    )
    parser.add_argument(
        "--roofline", action="store_true", help="beside what the device reaches at most"
    )
    parser.add_argument("--json", action="store_true", help="print all figures as one JSON object")
    return parser


def compare(problem: str, options: argparse.Namespace) -> dict[str, Any]:
    """Images or points per second of both sides on one problem, turn about."""
    with Side("plain", problem, options) as plain, Side("gandash", problem, options) as ours:
        sides = {"plain": plain, "gandash": ours}
        turns = [
            {name: side.turn() for name, side in sides.items()} for _ in range(options.rounds + 1)
        ][1:]
        about = ours.facts
    ratios = sorted(turn["gandash"] / turn["plain"] for turn in turns)
    rates = {name: _summary([turn[name] for turn in turns]) for name in sides}
    return {
        "problem": problem,
        **about,
        **rates,
        "ratio": round(rates["gandash"]["per_second"] / rates["plain"]["per_second"], 3),
        "ratio_range": [round(ratios[0], 3), round(ratios[-1], 3)],
    }


def _reached(result: dict[str, Any], limits: dict[str, float], batch_size: int) -> dict[str, float]:
    """GFLOP/s of gandash's side, and the share of what convolutions reach in its arithmetic."""
    rate = result["flops"] * result["gandash"]["per_second"] / batch_size / 1e9
    number = result["arithmetic"].partition(",")[0]
    return {"gflops": round(rate, 1), "share": round(rate / limits[f"convolution {number}"], 3)}


class Side:
    """One side in a process of its own, which trains when it is told to."""

    def __init__(self, name: Name, problem: str, options: argparse.Namespace) -> None:
        environment = startup.ENVIRONMENT if name == "gandash" else {}
        self.pipe, far = multiprocessing.Pipe()
        arguments = far, name, problem, options
        self.process = multiprocessing.get_context("spawn").Process(
            target=_serve, args=arguments, daemon=True
        )
        before = dict(os.environ)
        os.environ.update(environment)  # the process starts with what stands there
        self.process.start()
        os.environ.clear()
        os.environ.update(before)
        far.close()

    def __enter__(self) -> Side:
        self.facts: dict[str, Any] = self.pipe.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self.pipe.close()
        self.process.join()

    def turn(self) -> float:
        """Images or points per second of some steps."""
        self.pipe.send("go")
        rate: float = self.pipe.recv()
        return rate


def _serve(pipe: Connection, name: Name, problem: str, options: argparse.Namespace) -> None:
    """Be one side until the other end of the pipe is closed."""
    torch.set_num_threads(options.threads or torch.get_num_threads())
    config, device = _config(problem, options), choose_device(options.device)
    dataset = _images(config.data)
    if name == "gandash":
        state = new_state(config, dataset)
        steps: Iterator[object] = train(state, dataset)
        next(steps)  # the samples before step 0
        count = 1
        facts: dict[str, Any] = {"data": dataset.title, "arithmetic": str(state.arithmetic)}
        if options.roofline:
            facts["flops"] = roofline.flops_of_a_step(config, dataset, state)
    else:
        netG, netD, floats = plain_side(dataset, config)
        batches = plain_batches(floats, options.batches, config.batch_size, device)
        steps = textbook(netG.to(device), netD.to(device), batches, device)
        count = options.steps
        facts = {}
    pipe.send(facts)
    while True:
        try:
            pipe.recv()
        except EOFError:
            return
        pipe.send(_rate(steps, count, options.steps * options.batch_size, device))


def _config(problem: str, options: argparse.Namespace) -> Config:
    plane = problem in PLANE
    kind = {"architecture": "mlp", "g_norm": "none", "d_norm": "none"} if plane else {}
    return parse_config(
        {
            "data": {"dataset": problem} if plane else {"size": int(problem), "limit": IMAGES},
            "network": {
                "latent_dim": LATENT,
                "g_width": options.width,
                "d_width": options.width,
                **kind,
            },
            "batch_size": options.batch_size,
            "report_every": options.steps,
            "steps": options.steps * (options.rounds + 1),
            "snapshots": 2,
            "device": options.device,
        }
    )


def _images(config: DataConfig) -> Dataset:
    """MNIST where it is on disk, else noise of the same kind; nothing is downloaded."""
    raw = data.data_folder() / "MNIST" / "raw"
    if config.dataset in PLANE or any(raw.glob("train-images-idx3-ubyte*")):
        return data.load(config)
    noise = torch.randint(0, 256, (IMAGES, 1, config.size, config.size), dtype=torch.uint8)
    return Dataset("noise", "random images", "none", noise)


def _rate(steps: Iterator[object], count: int, images: int, device: torch.device) -> float:
    start = time.perf_counter()
    for _ in itertools.islice(steps, count):
        pass
    if device.type == "cuda":
        torch.cuda.synchronize()
    return images / (time.perf_counter() - start)


def _summary(rates: list[float]) -> dict[str, float]:
    return {
        "per_second": round(statistics.median(rates), 1),
        "slowest": round(min(rates), 1),
        "fastest": round(max(rates), 1),
    }


def plain_side(dataset: Dataset, config: Config) -> tuple[nn.Module, nn.Module, Tensor]:
    """G, D and the real samples of the plain side."""
    width = config.network.g_width
    if not ARCHITECTURES[config.network.architecture].maps:
        netD = plain_mlp(2, 1, width, nn.LeakyReLU(0.2, True), nn.Sigmoid())
        return plain_mlp(LATENT, 2, width, nn.ReLU(True)), netD, dataset.images
    size, channels = config.data.size, dataset.shape[0]
    netG, netD = plain_generator(size, channels, width), plain_discriminator(size, channels, width)
    return netG.apply(_initialize), netD.apply(_initialize), dataset.images.float() / 127.5 - 1


def textbook(
    netG: nn.Module, netD: nn.Module, batches: Iterator[Tensor], device: torch.device
) -> Iterator[tuple[float, float]]:
    """The loop as tutorials write it; yields both losses after every step, without end."""
    criterion = nn.BCELoss()
    optimizerD = torch.optim.Adam(netD.parameters(), lr=2e-4, betas=(0.5, 0.999))
    optimizerG = torch.optim.Adam(netG.parameters(), lr=2e-4, betas=(0.5, 0.999))
    for real in batches:
        label = torch.full((len(real),), 1.0, device=device)
        netD.zero_grad()
        errD_real = criterion(netD(real).view(-1), label)
        errD_real.backward()
        noise = torch.randn(len(real), LATENT, *[1] * (real.dim() - 2), device=device)
        fake = netG(noise)
        label.fill_(0.0)
        errD_fake = criterion(netD(fake.detach()).view(-1), label)
        errD_fake.backward()
        errD = errD_real + errD_fake
        optimizerD.step()
        netG.zero_grad()
        label.fill_(1.0)
        errG = criterion(netD(fake).view(-1), label)
        errG.backward()
        optimizerG.step()
        yield errD.item(), errG.item()


def plain_batches(floats: Tensor, kind: str, size: int, device: torch.device) -> Iterator[Tensor]:
    if kind == "index":
        floats = floats.to(device)
        while True:
            yield floats[torch.randint(len(floats), (size,), device=device)]
    loader = DataLoader(TensorDataset(floats), batch_size=size, shuffle=True, drop_last=True)
    while True:
        for (batch,) in loader:
            yield batch.to(device)


def plain_mlp(
    inputs: int, outputs: int, width: int, activation: nn.Module, *last: nn.Module
) -> nn.Sequential:
    hidden = nn.Linear(inputs, width), activation, nn.Linear(width, width), activation
    return nn.Sequential(*hidden, nn.Linear(width, outputs), *last)


def plain_generator(size: int, channels: int, width: int) -> nn.Sequential:
    filters = _filters(size, width)[::-1]
    layers: list[nn.Module] = [nn.ConvTranspose2d(LATENT, filters[0], 4, 1, 0, bias=False)]
    for a, b in itertools.pairwise(filters):
        layers += [nn.BatchNorm2d(a), nn.ReLU(True), nn.ConvTranspose2d(a, b, 4, 2, 1, bias=False)]
    layers += [
        nn.BatchNorm2d(width),
        nn.ReLU(True),
        nn.ConvTranspose2d(width, channels, 4, 2, 1, bias=False),
    ]
    return nn.Sequential(*layers, nn.Tanh())


def plain_discriminator(size: int, channels: int, width: int) -> nn.Sequential:
    filters = _filters(size, width)
    layers: list[nn.Module] = [
        nn.Conv2d(channels, width, 4, 2, 1, bias=False),
        nn.LeakyReLU(0.2, True),
    ]
    for a, b in itertools.pairwise(filters):
        layers += [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(filters[-1], 1, 4, 1, 0, bias=False), nn.Sigmoid())


def _filters(size: int, width: int) -> list[int]:
    return [width << i for i in range(size.bit_length() - 3)]


def _initialize(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif isinstance(module, nn.BatchNorm2d):
        nn.init.normal_(module.weight, 1.0, 0.02)


def _line(result: dict[str, Any]) -> str:
    plain, ours, (low, high) = result["plain"], result["gandash"], result["ratio_range"]
    reached = result.get("roofline")
    share = f", {reached['share']:.0%} of a large convolution" if reached else ""
    return (
        f"{result['problem']}, {result['data']}, {result['arithmetic']}: "
        f"plain {plain['per_second']:.0f} samples/s "
        f"({plain['slowest']:.0f}-{plain['fastest']:.0f}), "
        f"gandash {ours['per_second']:.0f} ({ours['slowest']:.0f}-{ours['fastest']:.0f}), "
        f"ratio {result['ratio']:.2f} ({low:.2f}-{high:.2f}){share}"
    )


if __name__ == "__main__":
    main()
