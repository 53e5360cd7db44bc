"""A run on points, recorded as it trains: what D thinks of every place, what G makes of every z.

A recording is a gzipped safetensors file of a few hundred kilobytes that the browser plays
(`gandash/browser/playground/`). Its tensors, for F frames:

- ``curves`` (F, len(CURVES)): what was measured at each, at equal distances of steps;
- ``heat`` (F, side^dim) uint8: D's output at the middles of cells, from 0 to 255 between the two
  ``bounds`` (F, 2) of the frame, which are 0 and 1 where it is a probability;
- ``optimum`` (F, side^dim) uint8: D* of the cells from 0 to 254, 255 where nothing lies;
- ``fakes`` and ``pulls`` (F, N, dim): samples of the same z, and where G's loss moves each;
- ``warp`` (F, lines^2 or lines, dim): G of a lattice of z where z has as many entries as the data;
- ``data`` (N, dim): some of the real points; in one dimension ``masses`` (F, cells) of p_g and
  ``p_data`` (cells,).
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt
import safetensors.numpy
import torch
from torch import Tensor

from gandash import data, latent, training
from gandash.config import Config
from gandash.losses.objectives import OBJECTIVES, losses
from gandash.networks import Discriminator
from gandash.report import Report
from gandash.theory.densities import Cells, Masses, jensen_shannon, kl
from gandash.theory.drawn import study_of
from gandash.theory.smoothing import optimal_discriminator
from gandash.theory.toy_data import STUDIES, Study, coverage
from gandash.training import State, Step, Watch

STEPS = 2_000
FRAMES = 80
SHOWN = 160  # samples that are drawn
COUNTED = 8_192  # samples that are counted: p_g
LINES = 13
HEAT, CELLS = {1: 160, 2: 40}, {1: 160, 2: 32}  # along each axis
MOST = {
    "network.g_width": 256, "network.d_width": 256, "network.depth": 4, "network.latent_dim": 64,
    "balance.d_steps": 5, "balance.g_steps": 5, "collapse.pack": 8, "collapse.unroll_steps": 5,
    "balance.discriminators": 1, "batch_size": 512, "steps": STEPS,
}  # fmt: skip
UNTIMED = 5  # steps that a process's first ones slow down
TIMED_SECONDS = 0.3  # fewer, and a busy machine makes them twice as long or half
CURVES = (
    "d_loss", "g_loss", "d_real", "d_fake", "js", "kl", "reverse_kl", "modes", "high_quality",
)  # fmt: skip
Floats = npt.NDArray[np.floating]


def check(config: Config) -> None:
    """``ValueError`` in one sentence if a run is none for the playground."""
    if study_of(config.data.dataset) is None:
        raise ValueError(
            f"The playground has points alone ({', '.join(STUDIES)}), not {config.data.dataset!r}: "
            "train on images with Train"
        )
    if config.network.architecture != "mlp" or config.collapse.minibatch != "none":
        raise ValueError(
            "The playground shows D's answer for single places, so architecture must be mlp and "
            "minibatch none: train such a run with Train"
        )
    values = config.model_dump()
    for name, most in MOST.items():
        section, _, last = name.rpartition(".")
        value = (values[section] if section else values)[last]
        if value is None or value > most:
            raise ValueError(
                f"{last} must be at most {most:,} in the playground, not {value}: choose less, or "
                "train such a run with Train"
            )


class Film:
    """What is seen of a run, frame by frame: a new one shows it before its first step.

    ``step`` is the last that is shown, ``whole`` whether that is the end: of the run, or where it
    diverged.
    """

    def __init__(self, config: Config) -> None:
        """``ValueError`` if the config is none for the playground."""
        check(config)
        unlike = {"report_every": max(1, STEPS // FRAMES), "precision": "fp32", "device": "cpu"}
        config = config.model_copy(update=unlike)
        study = study_of(config.data.dataset)
        assert study is not None
        self.study = study
        self.dataset = data.load(config.data)
        self.state: State = training.new_state(config, self.dataset)
        self.real = self.dataset.images[:SHOWN]
        self.frames: list[dict[str, npt.NDArray[np.generic]]] = []
        dim, size = self.study.dim, config.network.latent_dim
        reach = reach_of(self.study)
        self.cells = Cells(dim, reach, CELLS[dim])
        self.places = torch.from_numpy(Cells(dim, reach, HEAT[dim]).middles).float()
        self.p_data = self.cells.of_gaussians(self.study.centers(), self.study.std)
        self.z = latent.draw(config.seed, SHOWN, size)
        self.counted = _evenly(COUNTED, size)
        self.lattice = _lattice(size) if size == dim else None
        loss = config.loss
        _, self.g_loss = losses(
            loss.objective, loss.alpha, loss.beta, strict=loss.g_form == "strict"
        )
        self.take(None)

    def train(self) -> Iterator[float]:
        """Train the run and take its frames: shares of it that are done. Whoever stops in between
        has what was seen up to there.
        """
        try:
            for event in training.train(self.state, self.dataset):
                if isinstance(event, Report):
                    self.take(event)
                    yield event.step / STEPS
        except FloatingPointError:
            pass  # what was recorded shows how it came to that
        self.whole = True

    @property
    def cross_entropy(self) -> bool:
        """Whether sigmoid(logit) is a probability and D* is known."""
        return OBJECTIVES[self.state.config.loss.objective].cross_entropy

    def take(self, report: Report | None) -> None:
        """A frame of the run as it stands, with the row of metrics that ends there."""
        with torch.no_grad():
            fakes = self.state.G(self.z)
            counted = self.state.G(self.counted).double().numpy()
            warp = None if self.lattice is None else self.state.G(self.lattice)
        q = self.cells.of_points(counted)
        frame: dict[str, npt.NDArray[np.generic]] = {
            "fakes": fakes.numpy().astype(np.float16),
            "pulls": self._pulls(fakes).numpy().astype(np.float16),
            "curves": self._curves(report, q, counted),
        }
        frame["heat"], frame["bounds"] = self._heat()
        if self.cross_entropy:
            loss = self.state.config.loss
            optimum = optimal_discriminator(self.p_data, q, loss.alpha, loss.beta)[:-1]
            frame["optimum"] = np.where(np.isnan(optimum), 255, optimum * 254).astype(np.uint8)
        if warp is not None:
            frame["warp"] = warp.numpy().astype(np.float16)
        if self.study.dim == 1:
            frame["masses"] = q[:-1].astype(np.float32)
        self.frames.append(frame)
        self.step = 0 if report is None else report.step
        self.whole = self.step == self.state.config.steps

    def _heat(self) -> tuple[npt.NDArray[np.generic], npt.NDArray[np.generic]]:
        """D's output at every place, and what 0 and 255 mean."""
        with torch.no_grad():
            logits = self._judged(self.places)
        values = logits.sigmoid() if self.cross_entropy else logits
        low, high = (0.0, 1.0) if self.cross_entropy else (float(values.min()), float(values.max()))
        scaled = (values - low) / max(high - low, 1e-9) * 255
        return scaled.round().byte().numpy(), np.array([low, high], np.float32)

    def _judged(self, points: Tensor) -> Tensor:
        """D's logits on points (N, dim); where it judges packs, on packs of one point alone."""
        logits: Tensor = self.state.D(points.repeat(1, self.state.config.collapse.pack))
        return logits

    def _put_out(self, points: Tensor) -> Tensor:
        """What the objective's losses take of D on points (N, dim)."""
        D = self.state.D
        if not isinstance(D, Discriminator):
            return self._judged(points)
        return D.judge(points.repeat(1, self.state.config.collapse.pack))[0]

    def _pulls(self, fakes: Tensor) -> Tensor:
        """Minus the gradient of G's loss by each sample, (N, dim), as if each were a batch."""
        points = fakes.detach().requires_grad_()
        outputs = [self._put_out(points)]
        if OBJECTIVES[self.state.config.loss.objective].paired:
            outputs.append(self._put_out(self.real).detach())
        (gradient,) = torch.autograd.grad(self.g_loss(*outputs) * len(points), points)  # of a mean
        return -gradient

    def _curves(self, report: Report | None, q: Masses, counted: Masses) -> Floats:
        met = None
        if self.study.modes is not None:
            met = coverage(counted, self.study.modes, self.study.std)
        row = {
            "js": jensen_shannon(self.p_data, q),
            "kl": kl(self.p_data, q),
            "reverse_kl": kl(q, self.p_data),
            "modes": float(met.modes) if met else np.nan,
            "high_quality": met.high_quality if met else np.nan,
        }
        for name in CURVES[:4]:
            row[name] = np.nan if report is None else getattr(report, name)
        return np.array([row[name] for name in CURVES], np.float32)

    def packed(self) -> bytes:
        """The recording as it is kept, of the frames that there are."""
        tensors = {
            name: np.stack([frame[name] for frame in self.frames]) for name in self.frames[0]
        }
        tensors["data"] = self.real.numpy().astype(np.float16)
        if self.study.dim == 1:
            tensors["p_data"] = self.p_data[:-1].astype(np.float32)
        facts = {
            "dim": self.study.dim,
            "reach": self.cells.reach,
            "title": self.study.title,
            "steps": self.step,
            "frames": len(self.frames),
            "curves": CURVES,
            "modes": 0 if self.study.modes is None else len(self.study.modes),
            "probability": self.cross_entropy,
            "latent": self.state.config.network.latent_dim,
            "floor": self._floor(),
            "config": self.state.config.model_dump(mode="json"),
        }
        kept = {name: np.ascontiguousarray(value) for name, value in tensors.items()}
        bytes_ = safetensors.numpy.save(kept, {"recording": json.dumps(facts)})
        return gzip.compress(bytes_, mtime=0)

    def _floor(self) -> float:
        """The Jensen-Shannon divergence that as many points of the data itself show."""
        points = self.study.draw(np.random.RandomState(0), COUNTED)
        return jensen_shannon(self.p_data, self.cells.of_points(points))


def opened(recording: bytes) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
    """A recording's tensors, and its facts: ``reach`` (half the side of what is shown), ``steps``,
    ``frames``, ``config`` and others.
    """
    plain = gzip.decompress(recording)
    header = json.loads(plain[8 : 8 + int.from_bytes(plain[:8], "little")])
    return safetensors.numpy.load(plain), json.loads(header["__metadata__"]["recording"])


def record(config: Config) -> Iterator[float | bytes]:
    """Train a run and record it: shares of it that are done, then the recording.

    ``ValueError`` if the config is none for the playground. A run that diverges ends its recording
    there.
    """
    film = Film(config)
    yield from film.train()
    yield film.packed()


def seconds(config: Config) -> float:
    """How long :func:`record` takes on this machine as busy as it is, by the pace of the run's
    first steps; ``ValueError`` if the config is none for the playground.
    """
    film = Film(config)
    state = film.state
    of_frame = min(_seconds_of_frame(film) for _ in range(2))
    began = time.perf_counter()
    step, began_at = 0, 0
    try:
        for event in training.train(state, film.dataset, Watch(each_step=lambda: True)):
            if not isinstance(event, Step | Report):
                continue
            step = event.step
            now = time.perf_counter()
            if step <= UNTIMED:
                began, began_at = now, step
            elif now - began > TIMED_SECONDS:
                break
    except FloatingPointError:
        pass
    return FRAMES * of_frame + STEPS * (time.perf_counter() - began) / max(1, step - began_at)


def _seconds_of_frame(film: Film) -> float:
    began = time.perf_counter()
    film.take(None)
    return time.perf_counter() - began


def reach_of(study: Study) -> float:
    """Half the side of what is shown, in the data's units: the data and as much room around it."""
    return float(np.abs(study.centers()).max() * 1.35 + 3 * study.std)


def _evenly(count: int, size: int) -> Tensor:
    """Latent vectors (N, size) that fill N(0, I) evenly in up to two dimensions, else by chance."""
    if size > 2:
        return latent.draw(0, count, size)
    side = count if size == 1 else round(count**0.5)
    return _product(side, size)


def _lattice(size: int) -> Tensor:
    return _product(LINES**2 if size == 1 else LINES, size)


def _product(side: int, size: int) -> Tensor:
    """``side`` even quantiles of N(0, 1) along each of ``size`` axes, (side^size, size)."""
    line = [NormalDist().inv_cdf((place + 0.5) / side) for place in range(side)]
    axes = torch.meshgrid(*[torch.tensor(line)] * size, indexing="ij")
    return torch.stack(axes, dim=-1).reshape(-1, size)
