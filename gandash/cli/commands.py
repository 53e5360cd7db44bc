"""The commands: each a function whose parameters are its flags.

What loads torch is imported by the command that needs it, so that help and lists come at once.
"""

from __future__ import annotations

import os
import shlex
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Literal, ParamSpec, TypeVar

import tyro
from tqdm import tqdm

from gandash import checkpoints, runs
from gandash.checkpoints import Checkpoint
from gandash.checkpoints.scores import Evaluation, Figures, TranslationFigures
from gandash.config import MAX_SEED, Config, DataConfig, advice, sweeps
from gandash.config.settings import values_of
from gandash.config.sweeps import Member
from gandash.evaluation.draws import COUNT, SEEDS
from gandash.evaluation.progress import Progress
from gandash.jobs import control, groups, queue
from gandash.jobs.on_ray import Share
from gandash.pictures.raster import encode, grid
from gandash.runs import Run, Status
from gandash.storage.files import write_whole
from gandash.storage.paths import classifiers_root, pretrained_root, runs_root, zoo_root

if TYPE_CHECKING:
    from gandash.data import Dataset
    from gandash.exchange import Proposal

DEFAULTS = Config()
MOST_PAIRS = 10  # pictures that are alike, told one by one
P = ParamSpec("P")
Found = TypeVar("Found", Figures, Evaluation, TranslationFigures)


def on_all_cores(command: Callable[P, None]) -> Callable[P, None]:
    """A command that computes: torch takes all cores, unless somebody said how many."""

    @wraps(command)
    def run(*arguments: P.args, **flags: P.kwargs) -> None:
        if "OMP_NUM_THREADS" not in os.environ:
            import torch

            torch.set_num_threads(os.cpu_count() or 1)
        command(*arguments, **flags)

    return run


@on_all_cores
def train(config: Config = DEFAULTS, name: str = "run") -> None:
    """Train a GAN; Ctrl-C saves, and the same command with `resume` goes on.

    Args:
        config: The run.
        name: Name of the run and later of its checkpoint: a-z, 0-9 and hyphens.
    """
    from gandash.runs import execution

    def begin() -> tuple[Run, Dataset]:
        runs.check_new(runs_root(), name)
        dataset = execution.prepare(config, lambda doing: print(doing, end="\r", file=sys.stderr))
        if dataset.note:
            print(dataset.note, file=sys.stderr)
        if hint := advice(config):
            print(hint, file=sys.stderr)
        return runs.create(runs_root(), config, name), dataset

    _on_all_processes(begin)


@on_all_cores
def resume(name: Annotated[str, tyro.conf.Positional], more: int = 0) -> None:
    """Take up a run that was stopped or cut off, or train a finished one longer.

    Args:
        name: Name of the run.
        more: Epochs to add to a finished run (steps, if that is what it counts).
    """
    from gandash.runs import execution

    def take_up() -> tuple[Run, Dataset | None]:
        run = _find_run(name)
        if more < 0:
            raise ValueError(f"more must be 0 or more, not {more}: a run cannot be made shorter")
        _make_readable(run)
        if not more:
            return run, None
        runs.longer(run, more)
        dataset = execution.prepare_resume(run)
        runs.extend(run, more)
        return run, dataset

    _on_all_processes(take_up)


def _on_all_processes(begin: Callable[[], tuple[Run, Dataset | None]]) -> None:
    """Train a run in this process or in all that torchrun started, of which the first begins it."""
    from gandash.runs import execution
    from gandash.training import shares

    with shares.joined():
        if shares.leads():
            run, dataset = begin()
            shares.agreed(run.name)
            _follow(run, dataset)
        else:
            with _interruptible():  # it leaves when the first does
                execution.accompany(Run(runs_root() / shares.agreed("")))


def _make_readable(run: Run) -> None:
    """Give a run whose status is damaged a new one: config and state are what it goes on from."""
    try:
        run.status()
    except ValueError as error:
        run.config()  # without this it cannot be resumed at all
        print(f"{error}: done", file=sys.stderr)
        run.renew_status()


def _follow(run: Run, dataset: Dataset | None = None) -> None:
    """Train a run with a progress bar and a last line that says where it ended."""
    from gandash.runs import execution

    with (
        _interruptible() as interrupted,
        tqdm(unit="step", dynamic_ncols=True, desc=run.name, delay=1e-3) as bar,
    ):
        for report in execution.execute(run, interrupted, dataset):
            bar.total = run.status().total
            bar.update(report.step - bar.n)
            bar.set_postfix_str(
                f"d_loss {report.d_loss:.3f}, g_loss {report.g_loss:.3f}, "
                f"{report.images_per_second:.0f} images/s"
            )
    status = run.status()
    if status.phase == "finished":
        print(f"Finished {run.name} after {status.step:,} steps: {run.folder}")
    else:
        print(
            f"Saved {run.name} at step {status.step:,}. Go on with: python -m gandash resume "
            f"{run.name}"
        )


def sweep(
    action: Annotated[Literal["start", "show", "stop", "resume"], tyro.conf.Positional],
    name: Annotated[str, tyro.conf.Positional],
    *,
    config: Path | None = None,
    ray: str = "",
    cpus: float = 1.0,
    gpus: float = 0.0,
) -> None:
    """Train a group of runs through the queue: every combination of settings that have several
    values, once a seed.

    Args:
        action: What to do with the group. What was started trains in the background.
        name: Name of the group, with which the names of its runs begin.
        config: For start: a TOML or JSON file of settings, with a list where there are several
            values.
        ray: For start and resume: train on Ray instead, at this address: local (this machine),
            auto (the cluster that it is in), or HOST:PORT. The command then stays until all end.
        cpus: On Ray: processors of each run.
        gpus: On Ray: GPUs of each run, which may be a part of one.
    """
    root = runs_root()
    if ray:
        _sweep_on_ray(action, name, config, ray, Share(cpus=cpus, gpus=gpus))
    elif action == "start":
        _start_sweep(root, name, config)
    elif action == "stop":
        print(f"Asked {groups.stop(root, name)} runs of {name} to stop")
    elif action == "resume":
        print(f"Put {groups.resume(root, name)} runs of {name} back into the queue")
    else:
        control.look_after(root)
        _show_sweep(groups.of(root, name))


def _members_of(root: Path, name: str, config: Path | None) -> list[Member]:
    """The runs of a new sweep, once it is sure that all can be trained."""
    from gandash.runs import execution

    if config is None:
        raise ValueError("A sweep starts from a file of settings: add --config FILE")
    members = sweeps.members(name, sweeps.read(config))
    groups.check_new(root, name, members)
    for member in {it.arm: it for it in members}.values():
        execution.prepare(member.config)
    return members


def _sweep_on_ray(action: str, name: str, config: Path | None, address: str, share: Share) -> None:
    """Start or resume a group on Ray, and say what each run ends in."""
    from gandash.jobs import on_ray

    root = runs_root()
    if action not in ("start", "resume"):
        raise ValueError(f"--ray starts and resumes a sweep: leave it away to {action} one")
    with on_ray.connected(address, share) as ray, _interruptible() as interrupted:
        if action == "start":
            found = on_ray.submit(root, name, _members_of(root, name, config))
        else:
            found = on_ray.unfinished(root, name)
        print(f"{len(found)} runs of {name} are handed to Ray; Ctrl-C has them save and stop")
        outcomes = on_ray.train_all(ray, found, share, interrupted)
        for ended, (run, outcome) in enumerate(outcomes, start=1):
            print(f"{ended} of {len(found)}: {run} {outcome}", flush=True)


def _start_sweep(root: Path, name: str, config: Path | None) -> None:
    members = _members_of(root, name, config)
    groups.submit(root, name, members)
    arms = len({member.arm for member in members})
    print(
        f"{len(members)} runs of {arms} {'arm' if arms == 1 else 'arms'} are in the queue; "
        f"`gandash sweep show {name}` says how they come along, and the app shows them"
    )


def _show_sweep(found: list[tuple[Run, Status]]) -> None:
    for run, status in found:
        print(f"{run.name:40} {status.phase:9} step {status.step:,} of {status.total:,}")
    print("\nLeast Fréchet distance of 2,000 samples while training, over the seeds:")
    for arm in groups.arms(found):
        print(f"{arm.title:40} {_distance(arm)} ({arm.finished} of {arm.runs} finished)")


def _distance(arm: groups.Arm) -> str:
    if arm.mean is None:
        return "not measured (evaluate_every is 0, or not yet)"
    measured = f"{arm.mean:.1f}"
    if arm.deviation is None:
        return f"{measured} of one seed"
    return f"{measured} ± {arm.deviation:.1f} of {len(arm.distances)} seeds"


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C (or SIGTERM) into a request to save; a second one ends at once."""
    interrupted = threading.Event()

    def handle(_signum: int, _frame: FrameType | None) -> None:
        if interrupted.is_set():
            raise KeyboardInterrupt
        interrupted.set()

    previous = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield interrupted
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@on_all_cores
def sample(
    name: Annotated[str, tyro.conf.Positional],
    *,
    seed: int = 0,
    count: int = 64,
    columns: int = 8,
    label: int | None = None,
    truncation: float = 1.0,
    threshold: float | None = None,
    out: Path | None = None,
) -> None:
    """Write a grid of samples of a checkpoint as PNG.

    Args:
        name: Name of the checkpoint.
        seed: Seed of the latent vectors; the same seed is the same picture everywhere.
        count: Number of images, 1 to 4096.
        columns: Images per row.
        label: Class of the images, 0 for the first, if the generator was told classes; all in
            turn if not given.
        truncation: How far a style-based generator's styles stay from their mean: 1 all the way,
            less for samples that are more typical and less varied.
        threshold: Keep the numbers of z between minus and plus this, for the same trade in any
            generator (BigGAN's truncation trick); 0.5 is much, 2 is little.
        out: The file; NAME-seed-SEED.png if not given.
    """
    from gandash.checkpoints import samples, weights
    from gandash.latent import truncated

    if not (1 <= count <= 4096 and 1 <= columns <= 4096):
        raise ValueError(
            f"count and columns must be 1 to 4096, not {count} and {columns}: choose others"
        )
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed must be 0 to {MAX_SEED}, not {seed}: choose another")
    chosen = _find_checkpoint(name)
    generator = weights.load_generator(chosen)
    with truncated(generator, truncation):
        pixels = samples.picture(
            chosen,
            generator,
            seed,
            count,
            min(columns, count),
            label=label,
            threshold=threshold,
        )
    path = out or Path(f"{name}-seed-{seed}.png")
    write_whole(path, encode(pixels, "PNG"))
    print(f"Wrote {count} samples of {name} to {path}")


def translate(
    name: Annotated[str, tyro.conf.Positional],
    file: Annotated[Path, tyro.conf.Positional],
    back: tyro.conf.UseCounterAction[int] = 0,  # a flag without a value
    out: Path | None = None,
) -> None:
    """Translate a picture with a checkpoint of pix2pix or CycleGAN, and write it as PNG.

    Args:
        name: Name of the checkpoint.
        file: The picture; it is made square and as large as the checkpoint's images.
        back: In the other direction, if the checkpoint learned both.
        out: The file; NAME-translated.png if not given.
    """
    import torch

    from gandash.checkpoints import weights
    from gandash.data.decoding import decode_alone
    from gandash.data.framing import Frame
    from gandash.data.left_out import UnusableError
    from gandash.evaluation.translations import translated

    chosen = _find_checkpoint(name)
    G = weights.load_translator(chosen)
    network = G.back if back else G.there
    if network is None:
        raise ValueError(f"{name!r} learned one direction alone: leave out --back")
    channels, size, _ = chosen.card.data.shape[1:]
    try:
        pixels = decode_alone(file.read_bytes(), Frame(size), "L" if channels == 1 else "RGB")
    except UnusableError as error:
        raise ValueError(f"A picture is translated, and {file} is none ({error})") from error
    path = out or Path(f"{name}-translated.png")
    made = translated(network, torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None])
    write_whole(path, encode(grid(made, 1), "PNG"))
    print(f"Wrote the translation of {file} by {name} to {path}")


def list_() -> None:
    """List checkpoints and unfinished runs."""
    found, broken = checkpoints.find(pretrained_root(), runs_root())
    for checkpoint in found:
        card = checkpoint.card
        print(
            f"{card.name:32} {card.data.title}, "
            f"{card.data.kind.size(card.data.shape)}, "
            f"{card.epochs:g} epochs"
        )
    for run in runs.find(runs_root()):
        _list_unfinished(run)
    for problem in broken:
        print(f"{problem.folder.name:32} unusable: {problem.reason}", file=sys.stderr)
    if not found and not runs.find(runs_root()):
        print("No checkpoints yet. Train one with: python -m gandash train --name my-first")


def _list_unfinished(run: Run) -> None:
    try:
        status = run.status()
    except ValueError as error:
        print(f"{run.name:32} unusable: {error}", file=sys.stderr)
        return
    if status.phase == "finished":
        return
    lost = queue.is_lost(run, status, queue.serving(runs_root()))
    phase = "cut off" if lost else status.phase
    print(f"{run.name:32} {phase} at step {status.step:,} of {status.total:,}")


def import_(
    file: Annotated[str, tyro.conf.Positional],
    name: str,
    *,
    title: str = "",
    licence: str = "",
    choose: int = 1,
    grids: Path | None = None,
) -> None:
    """Take in a generator that another program trained: a state dict of PyTorch (.pth, .pt) or
    safetensors, alone or beside other things, from a file or the Hugging Face Hub. Nothing in the
    file is run.

    Where shapes leave a choice, such as the activation, the ways to read the file are listed, the
    likeliest first, and that one is taken. A checkpoint of gandash's on the Hub needs no choice.

    Args:
        file: The file with the weights; or OWNER/REPOSITORY on the Hub, or OWNER/REPOSITORY/FILE.
        name: Name of the checkpoint that it becomes: a-z, 0-9 and hyphens.
        title: Title shown in the app; the file's name if not given.
        licence: Under which licence the weights stand, as far as you know; the Hub may say it.
        choose: Which of the ways to read the file to take, 1 for the likeliest.
        grids: Write samples of all of them to this PNG, a row each, and take none in.
    """
    from gandash import exchange
    from gandash.exchange import hub

    runs.check_new(runs_root(), name)
    if Path(file).exists() or not hub.is_name(file):
        proposal = exchange.propose(Path(file))
        title, licence = title or Path(file).stem, licence or "unknown"
        _take(proposal, name, title=title, licence=licence, choose=choose, grids=grids)
        return
    with hub.fetched(file) as source:
        if source.own:
            card = hub.take_own(source, runs_root() / name).card
            print(f"Imported {name}: {card.title}, {card.stand}; `gandash app` shows it")
            return
        proposal = exchange.propose(source.path, source.name)
    title, licence = title or file, licence or source.licence
    _take(proposal, name, title=title, licence=licence, choose=choose, grids=grids)


def _take(
    proposal: Proposal, name: str, *, title: str, licence: str, choose: int, grids: Path | None
) -> None:
    """List the ways to read a file, and take one in or draw them all."""
    from gandash import exchange

    if grids is not None:
        write_whole(grids, encode(exchange.sheet(proposal), "PNG"))
    taken = 0 if grids is not None else choose
    for number, candidate in enumerate(proposal.candidates, 1):
        print(f"{'>' if number == taken else ' '} {number:2} {candidate.words}")
    if grids is not None:
        print(f"Wrote samples of each, a row each, to {grids}: take one in with --choose")
        return
    kept = exchange.keep(proposal, runs_root() / name, title, licence, choose)
    network = kept.card.config.network
    print(
        f"Imported {name}: {kept.card.data.shape[-1]}x{kept.card.data.shape[-1]} pixels, z of "
        f"{network.latent_dim}, width {network.g_width}; `gandash app` shows it"
    )


def import_log(file: Annotated[Path, tyro.conf.Positional], name: str, *, title: str = "") -> None:
    """Take in the curves of another program: TensorBoard's events, or a CSV with a column of steps.
    They are drawn on Loss curves beside those of gandash's runs.

    Args:
        file: The file with the curves.
        name: Name that they get: a-z, 0-9 and hyphens.
        title: Title shown in the app; the file's name if not given.
    """
    from gandash.exchange import logs

    folder = runs_root() / runs.check_new(runs_root(), name)
    table = logs.keep(folder, file.name, file.read_bytes(), title).read()
    drawn = [column for column in table if column != "step" and table[column].notna().any()]
    print(f"Imported {name}: {len(table):,} steps of {', '.join(map(str, drawn))}")


ENDINGS = {
    "state-dict": ".pth",
    "onnx": ".onnx",
    "zip": ".zip",
    "tensorboard": "-events",
}  # of what is written for other programs


def export(
    name: Annotated[str, tyro.conf.Positional],
    *,
    to: str = "",
    title: str = "",
    note: str = "",
    weights: Literal["best", "last"] = "best",
    as_: Annotated[
        Literal["safetensors", "state-dict", "onnx", "tensorboard", "zip", "hub"],
        tyro.conf.arg(name="as"),
    ] = "safetensors",
    public: tyro.conf.UseCounterAction[int] = 0,  # a flag without a value
) -> None:
    """Copy a run's latest state, or its best step if it measures itself, as a small half-precision
    checkpoint; or a checkpoint's generator, or a run with all that it kept, for other programs.

    Args:
        name: Name of the run or checkpoint.
        to: The folder to write; its last part becomes the checkpoint's name. Of a state dict, ONNX
            or zip, the file. On the Hub, OWNER/REPOSITORY. If not given, the name with its ending.
        title: Title shown in the app. If not given, that of the checkpoint, or the run's name.
        note: One sentence on what it shows.
        weights: Of a run that measures itself: of the step with the least Fréchet distance, or of
            the last.
        as_: A checkpoint of gandash's, safetensors with a card; a DCGAN generator's tensors named
            as in the official PyTorch example; a generator as ONNX; curves and samples as
            TensorBoard's events; the whole folder as a zip; a checkpoint in a repository on the
            Hugging Face Hub.
        public: Let everybody see what is sent to the Hub.
    """
    if as_ == "hub" and not to:
        raise ValueError(
            "A place on the Hub must be named, and none was: add --to OWNER/REPOSITORY"
        )
    place = Path(to or f"{name}{ENDINGS.get(as_, '')}")
    others: dict[str, Callable[[], None]] = {
        "state-dict": lambda: _export_state_dict(_find_checkpoint(name), place),
        "onnx": lambda: _export_onnx(_find_checkpoint(name), place),
        "tensorboard": lambda: _export_events(name, place),
        "zip": lambda: _export_zip(name, place),
        "hub": lambda: _export_to_hub(_find_checkpoint(name), to, public=bool(public)),
    }
    if as_ in others:
        others[as_]()
        return
    _export_checkpoint(name, place, title, note, weights)


def _export_checkpoint(
    name: str, place: Path, title: str, note: str, weights: Literal["best", "last"]
) -> None:
    from gandash.runs import as_checkpoint

    if name in {run.name for run in runs.find(runs_root())}:
        card = as_checkpoint.export(_find_run(name), place, title or place.name, note, weights)
    else:
        card = as_checkpoint.copy(_find_checkpoint(name), place, title, note)
    print(f"Exported {card.name} at {card.stand} to {place}")


def _export_state_dict(checkpoint: Checkpoint, to: Path) -> None:
    import torch

    from gandash import exchange
    from gandash.checkpoints.weights import load_generator

    torch.save(exchange.to_example(load_generator(checkpoint)), to)
    print(f"Wrote {checkpoint.name} to {to}")


def _export_onnx(checkpoint: Checkpoint, to: Path) -> None:
    from gandash.checkpoints.weights import load_generator
    from gandash.exchange import onnx_file

    content = onnx_file.to_onnx(load_generator(checkpoint))
    write_whole(to, content)
    print(f"Wrote {checkpoint.name} to {to}: random z make the same samples as with torch")


def _export_events(name: str, to: Path) -> None:
    from gandash.exchange import tensorboard

    folder = _folder_of(name)
    metrics = runs.read_metrics(folder)
    created = (
        checkpoints.load_card(folder).created
        if (folder / checkpoints.CARD).is_file()
        else Run(folder).status().created
    )
    count = tensorboard.write_events(metrics, runs.read_snapshots(folder), created, to)
    print(f"Wrote {count:,} values of {name} to {to}: tensorboard --logdir {to}")


def _export_zip(name: str, to: Path) -> None:
    from gandash.exchange import archive

    count = archive.write_zip(_folder_of(name), to)
    print(f"Wrote {count} files of {name} to {to}")


def _export_to_hub(checkpoint: Checkpoint, repo: str, *, public: bool) -> None:
    from gandash.exchange import hub

    address = hub.push(checkpoint, repo, public=public)
    print(f"Wrote {checkpoint.name} to {address}{'' if public else ', for you alone'}")


def _folder_of(name: str) -> Path:
    """The folder of the run or checkpoint of that name."""
    found = {run.name: run for run in runs.find(runs_root())}
    return found[name].folder if name in found else _find_checkpoint(name).folder


def page_(
    names: tyro.conf.Positional[tuple[str, ...]],
    out: Annotated[Path, tyro.conf.arg(aliases=("-o",))] = Path("gandash.html"),
    folder: tyro.conf.UseCounterAction[int] = 0,  # a flag without a value
    opinions: tuple[str, ...] = (),
) -> None:
    """Write generators as a page that needs no server: it opens from disk, by mail, offline.

    Args:
        names: Names of the checkpoints.
        out: The file; or, of a folder, its name.
        folder: Write a folder of files for a static host instead of one file.
        opinions: Names of those whose discriminator goes along, so that the page shows what D says
            of each picture. How much larger that makes the page is said when it is written.
    """
    from gandash.browser import page

    found = [_find_checkpoint(name) for name in names]
    write = page.write_folder if folder else page.write_file
    total, judging = write(found, out, opinions)
    count = f"{len(found)} checkpoint" if len(found) == 1 else f"{len(found)} checkpoints"
    of_these = f" ({judging / 1e6:.1f} MB of it for D's opinion)" if judging else ""
    print(f"Wrote a page of {count}, {total / 1e6:.1f} MB{of_these}, to {out}")


@on_all_cores
def zoo_(
    action: Annotated[Literal["train", "document"], tyro.conf.Positional],
    names: tyro.conf.Positional[tuple[str, ...]] = (),
    docs: Path = Path("docs"),
) -> None:
    """Train, export and measure the shipped checkpoints, going on where it was left; or write a
    page about them.

    Args:
        action: What to do with them.
        names: Entries of the zoo to train; all if none is given.
        docs: Folder of the page.
    """
    from gandash.zoo import entries, page, rebuild

    if action == "document":
        print(f"Wrote {page.write(pretrained_root(), docs)}")
        return
    with tqdm(unit="step", dynamic_ncols=True, delay=1e-3) as bar:
        for name, item in rebuild.train(list(names), zoo_root(), pretrained_root()):
            if isinstance(item, Progress):
                bar.set_description_str(name)
                bar.set_postfix_str(f"{item.doing} ({item.step} of {item.steps})")
                continue
            bar.set_description_str(
                f"{name}, epoch {item.epoch:.1f} of {entries.ZOO[name].config.epochs}"
            )
            bar.update(item.step - bar.n)
            bar.set_postfix_str(f"{item.images_per_second:.0f} images/s")
    print(f"The zoo is complete in {pretrained_root()}")


@on_all_cores
def evaluate(
    name: Annotated[str, tyro.conf.Positional],
    count: int = COUNT,
    seed: int = 0,
    seeds: int = SEEDS,
    *,
    features: Literal["classifier", "inception"] = "classifier",
    against: str = "",
) -> None:
    """Measure a checkpoint's samples, and keep the figures in its card.

    Args:
        name: Name of the checkpoint.
        count: Number of samples, at least 1000; figures of different counts cannot be compared.
        seed: Seed of the latent vectors of the first set of samples.
        seeds: Sets of samples, of seed, seed + 1 and so on: figures are means, and ± their spread.
        features: Those of the classifier for its data, or where there is none, as with images of
            one's own, of that for CIFAR-10; or of Inception, whose 96 MB are downloaded once.
        against: A dataset's name, or the path of a folder or zip, to measure against where nobody
            knows here what a checkpoint has learned, as of an imported one.
    """
    from gandash.evaluation import after_training, classifiers, inception, translations

    chosen = _find_checkpoint(name)
    if not chosen.card.data.kind.latent:
        of_pairs = _with_bar(translations.evaluate(chosen, classifiers_root()), name)
        checkpoints.attach(chosen, of_pairs)
        _print_translations(of_pairs)
        return
    if features == "inception" and against:
        raise ValueError(
            "Inception's figures are against what a checkpoint has learned, and against is "
            f"{against!r}: leave one of both away"
        )
    if features == "inception":
        steps: Iterator[Progress | Figures] = inception.evaluate(chosen, count, seed, seeds)
    else:
        steps = after_training.evaluate(
            chosen, classifiers_root(), count, seed, seeds, against=against
        )
    figures = _with_bar(steps, name)
    checkpoints.attach(chosen, figures)
    _print_figures(figures)
    if isinstance(figures, Evaluation):
        dataset = against or chosen.card.config.data.dataset
        gauges = classifiers.gauges(classifiers_root(), dataset)
        for sentence in gauges.beside(figures.protocol):
            print(sentence)


@on_all_cores
def classifier(
    dataset: Annotated[str, tyro.conf.Positional],
    epochs: int = 3,
    seed: int = 0,
    keep: bool = False,
) -> None:
    """Train the classifier for a dataset that samples are measured with, and say what real images
    and images of noise reach on it.

    Args:
        dataset: Name of a dataset with labels and held-out images.
        epochs: Passes over its training split.
        seed: Seed of weights and order.
        keep: Keep the classifier that is there, and only measure real images and noise anew.
    """
    from gandash import data
    from gandash.evaluation import classifiers

    source = data.SOURCES[data.check_held_out(dataset)]
    if keep:
        _gauge(dataset)
        return
    config = DataConfig(dataset=dataset, size=source.size)
    train, test = data.load(config), data.load(config, "test")
    with tqdm(desc=f"{dataset}, classifier", unit="step", dynamic_ncols=True, delay=1e-3) as bar:

        def show(step: int, steps: int) -> None:
            bar.total = steps
            bar.update(step - bar.n)

        network = classifiers.fit(train, epochs, seed, source.augment, show)
    facts = classifiers.Facts(
        dataset=dataset,
        channels=train.shape[0],
        size=source.size,
        classes=len(train.classes),
        epochs=epochs,
        seed=seed,
        accuracy=classifiers.accuracy(network, test),
    )
    path = classifiers.save(classifiers_root(), network, facts)
    print(f"Wrote {path}: {100 * facts.accuracy:.2f} % of the test split")
    _gauge(dataset)


def _gauge(dataset: str) -> None:
    """Measure real images and noise with a classifier, and keep the figures in its file."""
    from gandash.evaluation import after_training, classifiers

    network, facts = classifiers.load(classifiers_root(), dataset)
    for kind, measure in (
        ("reference", after_training.real_halves),
        ("noise", after_training.noise),
    ):
        figures = _with_bar(measure(dataset, classifiers_root()), f"{dataset}, {kind}")
        facts = facts.model_copy(update={kind: figures})
        classifiers.save(classifiers_root(), network, facts)
        _print_figures(figures)


def _with_bar(steps: Iterator[Progress | Found], title: str) -> Found:
    """Run an evaluation with a progress bar."""
    with tqdm(
        desc=title, dynamic_ncols=True, delay=1e-3, bar_format="{desc}: {postfix} [{elapsed}]"
    ) as bar:
        for item in steps:
            if not isinstance(item, Progress):
                return item
            bar.set_postfix_str(f"{item.doing} ({item.step} of {item.steps})")
    raise AssertionError("an evaluation ends with its figures")


def _print_figures(figures: Figures) -> None:
    """Each figure with its ±, and the lines that say how it was measured."""
    print(figures.protocol)
    beside = {"protocol", "created", "class_shares", "spread", "kernel_error", "step"}
    for name in figures.model_dump(exclude=beside, exclude_none=True):
        print(f"  {name.replace('_', ' '):22} {figures.shown(name)}")
    if isinstance(figures, Evaluation):
        print(
            f"  {'class shares':22} "
            f"{' '.join(f'{100 * share:.1f}' for share in figures.class_shares)} %"
        )
    print(figures.about_noise)


def _print_translations(figures: TranslationFigures) -> None:
    """Each direction's figures and those of copied sources, with how they were measured."""
    read = f", on features of the {figures.features}" if figures.features else ""
    print(f"{figures.pairs:,} pairs of the {figures.split} split{read}")
    for title, found in (
        ("there", figures.there),
        ("back", figures.back),
        ("source copied", figures.copied),
    ):
        if found is not None:
            print(f"  {title:22} {found}")
    print("± is the standard error over pairs.")


def doctor_(
    folder: Annotated[Path, tyro.conf.Positional],
    quick: tyro.conf.UseCounterAction[int] = 0,  # a flag without a value
) -> None:
    """Look at every picture of a folder, a zip or an array before it is trained on: what is left
    out, sizes, classes, what a crop loses, copies, which settings fit, how long they take.

    Args:
        folder: The folder, zip, .npz or .npy.
        quick: Do not try steps to say how long it takes.
    """
    from gandash.config import own_images
    from gandash.data import diagnosis, doctor
    from gandash.jobs import timing
    from gandash.training import choose_device

    with tqdm(desc=folder.name, unit="picture", dynamic_ncols=True, delay=1e-3) as bar:

        def tell(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        look = doctor.look(folder, folder.name, tell)
    gpu = choose_device("auto").type != "cpu"
    data = DataConfig(dataset=str(folder))
    config = own_images.fitting(look.images, look.sides[1], data, gpu=gpu)
    print(look.note or f"All {look.images + look.held_out:,} files are used.")
    for finding in diagnosis.findings(look, config.data.size):
        print(f"{'!' if finding.minded else '-'} {finding.title}. {finding.text}")
    for pair in look.pairs[:MOST_PAIRS]:
        print(f"    {pair.other} is {'a copy of' if pair.same else 'nearly'} {pair.one}")
    if len(look.pairs) > MOST_PAIRS:
        print(f"    and {len(look.pairs) - MOST_PAIRS:,} more")
    print(f"\nSettings that fit:\n  gandash train {' '.join(_flags(config))}")
    if quick:
        return
    tried = timing.of_step(config, look.channels, look.class_count)
    steps = config.total_steps(look.images)
    low, high = (steps * it / 60 for it in (tried.low, tried.high))
    print(
        f"About {steps * tried.seconds / 60:.0f} minutes on this machine ({low:.0f} to {high:.0f} "
        f"as {tried.steps} steps wavered): {steps:,} steps."
    )


def _flags(config: Config) -> Iterator[str]:
    """The flags of a config's settings that are not the defaults."""
    defaults = values_of(DEFAULTS)
    for name, value in values_of(config).items():
        if value != defaults[name]:
            flag = name.rpartition(".")[2].replace("_", "-")
            yield f"--{flag} {shlex.quote(str(value))}"


def _find_checkpoint(name: str) -> Checkpoint:
    found, _ = checkpoints.find(pretrained_root(), runs_root())
    chosen = next((checkpoint for checkpoint in found if checkpoint.name == name), None)
    if chosen is None:
        raise ValueError(
            f"No checkpoint is called {name!r}: `python -m gandash list` shows those there are"
        )
    return chosen


def _find_run(name: str) -> Run:
    found = {run.name: run for run in runs.find(runs_root())}
    if name not in found:
        raise ValueError(
            f"No run is called {name!r}: `python -m gandash list` shows those there are"
        )
    return found[name]
