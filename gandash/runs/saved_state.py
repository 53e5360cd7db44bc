"""Everything that a run needs to go on, in one safetensors file.

Noise and data order follow from seed and step.
"""

from __future__ import annotations

import platform
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import torch
from pydantic import Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_safetensors
from torch import Tensor

from gandash.config import ARCHITECTURES, Config
from gandash.data import Dataset
from gandash.evaluation.while_training import Best, Quality, better
from gandash.records import Section, explain
from gandash.runs.folder import STATE, Run
from gandash.storage.files import write_whole
from gandash.training import Arithmetic, State, build_state, choose_device, game_of, optimizers
from gandash.training.reports import Window

SLOTS = {
    torch.optim.Adam: ("step", "exp_avg", "exp_avg_sq"),
    torch.optim.RMSprop: ("step", "square_avg"),
}
STATE_COPIES = 2 * 4 + 1  # weights, two moments and the best, old and new; the checkpoint
SPARE_BYTES = 20_000_000  # metrics and samples


class BestFacts(Section):
    """Of which step the best weights are, and how far their samples are from real images."""

    step: int = Field(ge=0)
    seconds: float = Field(ge=0, allow_inf_nan=False)
    frechet: float


class EndFacts(Section):
    """What was measured because a run ended, at a step at which a longer one would not measure."""

    frechet: float
    precision: float
    recall: float


class WindowFacts(Section):
    """How often the players were updated since the last row that a longer run has as well."""

    d_updates: int = Field(ge=0)
    g_updates: int = Field(ge=0)


class Facts(Section, extra="ignore"):
    """What a saved state says beside its tensors; fields with a default came later."""

    step: int = Field(ge=0)
    seconds: float = Field(ge=0, allow_inf_nan=False)
    previous: tuple[float, float] | None = None
    bf16: bool
    channels_last: bool
    device: str = ""
    data: str = ""
    """Fingerprint of the data that the run was trained on."""
    best: BestFacts | None = None
    end: EndFacts | None = None
    window: WindowFacts | None = None
    row_began: float | None = Field(None, ge=0, allow_inf_nan=False)
    alone: int = Field(0, ge=0)


def device_title(device: torch.device) -> str:
    """What a run was trained on, in words."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    if device.type == "cpu":
        threads = torch.get_num_threads()
        kind = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
        return f"CPU, {threads} {'thread' if threads == 1 else 'threads'} ({kind})"
    return device.type


def check_finite(state: State) -> None:
    """``FloatingPointError`` if a player's weights are no numbers any more: losses say so only a
    step later.
    """
    for who, player in game_of(state).players.items():
        for name, weight in player.network.named_parameters():
            if not torch.isfinite(weight).all():
                raise FloatingPointError(
                    f"The weights must stay finite, but at step {state.step} {who}'s {name} is "
                    "not: lower the learning rates"
                )


def check_disk(run: Run, state: State) -> None:
    """``ValueError`` if a new run's files would not fit on the disk.

    Counted are its state twice, as it is replaced whole, with the best weights and the moments
    that its optimizers will have, and the checkpoint; metrics and samples are small beside.
    """
    weights = sum(tensor.nbytes for tensor in _state_tensors(state).values())
    needed = STATE_COPIES * weights + SPARE_BYTES
    free = shutil.disk_usage(run.folder).free
    if needed > free:
        raise ValueError(
            f"A run needs free disk space, this one about {needed / 1e6:,.0f} MB, and "
            f"{free / 1e6:,.0f} MB are left: free some, or choose fewer filters"
        )


def save_state(
    run: Run,
    state: State,
    best: Best | None = None,
    data: str = "",
    end: Quality | None = None,
) -> None:
    """Everything needed to go on, in one safetensors file; noise and data order follow from seed
    and step.

    The best weights are in the same file, so that they never belong to a step beyond it. ``data``
    is the fingerprint of what the run is trained on. ``end`` is what was measured because the run
    ended at a step at which a longer one would not measure: it stands beside the best of the other
    steps, so that a run that is trained longer can forget it.
    """
    check_finite(state)
    window = state.window
    facts = Facts(
        step=state.step,
        seconds=state.seconds,
        previous=state.previous,
        bf16=state.arithmetic.bf16,
        channels_last=state.arithmetic.channels_last,
        device=device_title(state.device),
        data=data,
        best=best and BestFacts(step=best.step, seconds=best.seconds, frechet=best.frechet),
        end=end and EndFacts(**asdict(end)),
        window=WindowFacts(d_updates=window.d_updates, g_updates=window.g_updates)
        if window
        else None,
        row_began=state.row_began,
        alone=state.alone,
    )
    tensors = {
        name: tensor.detach().cpu().contiguous() for name, tensor in _state_tensors(state).items()
    }
    if window:
        tensors["window"] = window.steps().cpu()
    if best is not None:
        tensors |= {f"best.G.{name}": tensor for name, tensor in best.G.items()}
        tensors |= {f"best.D.{name}": tensor for name, tensor in best.D.items()}
    content = save_safetensors(tensors, metadata={"state": facts.model_dump_json()})
    write_whole(run.folder / STATE, content)


def load_state(run: Run, config: Config, dataset: Dataset) -> State:
    """The saved state of a run, on the device that its config asks for."""
    device = choose_device(config.device)
    with _usable_state(run) as path:
        facts, stored = _read_state(path)
        arithmetic = Arithmetic(facts.bf16, facts.channels_last)
        state = build_state(config, dataset.shape, len(dataset.classes), device, arithmetic)
        _fill_state(state, stored)
        state.step = facts.step
        state.seconds = facts.seconds
        state.previous = facts.previous
        state.alone = facts.alone
        state.row_began = facts.seconds if facts.row_began is None else facts.row_began
        if facts.window is not None:
            state.window = Window.restored(stored["window"].to(device), **dict(facts.window))
    return state


def read_facts(run: Run) -> Facts:
    """What a run's saved state says beside its tensors."""
    with _usable_state(run) as path:
        facts, _ = _read_state(path, None)
    return facts


def check_data(run: Run, dataset: Dataset) -> None:
    """``ValueError`` if a run would go on with other data than those that it was trained on.

    States from before data had fingerprints say nothing.
    """
    trained_on = read_facts(run).data
    if trained_on and trained_on != dataset.fingerprint:
        raise ValueError(
            f"A run goes on with the data that it was trained on, and those of {run.name!r} have "
            f"changed since ({len(dataset):,} {dataset.kind.name} now): restore them, or train a "
            "new run"
        )


def load_best(run: Run, state: State, *, ended: bool = True) -> Best | None:
    """The best weights up to the saved state of a run.

    If it measures itself and was measured yet. Unless the run has ``ended`` there, what was
    measured for its end alone does not count.
    """
    with _usable_state(run) as path:
        facts, stored = _read_state(path, "best.")
        end = Quality(**dict(facts.end)) if ended and facts.end else None
        if facts.best is None:
            return None if end is None else better(None, state, end)
        best = Best(
            step=facts.best.step,
            seconds=facts.best.seconds,
            frechet=facts.best.frechet,
            G=_part(stored, "best.G."),
            D=_part(stored, "best.D."),
        )
        if (best.G.keys(), best.D.keys()) != (
            state.sampler.state_dict().keys(),
            state.D.state_dict().keys(),
        ):
            raise ValueError("its best weights are incomplete")
    return best if end is None else better(best, state, end)


@contextmanager
def _usable_state(run: Run) -> Iterator[Path]:
    """The file of a run's state; whatever is wrong with it ends in one sentence."""
    path = run.folder / STATE
    try:
        yield path
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"The saved state of run {run.name!r} cannot be used ({explain(error)}): restore "
            f"{path} from a copy, or remove that file to start the run afresh"
        ) from error


def _read_state(path: Path, prefix: str | None = "") -> tuple[Facts, dict[str, Tensor]]:
    """Facts and tensors of a state, the latter as far as their names begin with ``prefix``.

    Or none of them.
    """
    with safe_open(path, framework="pt") as file:
        facts = Facts.model_validate_json((file.metadata() or {}).get("state", ""))
        names = [] if prefix is None else [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
        return facts, {name: file.get_tensor(name) for name in names}


def _part(stored: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in stored.items()
        if name.startswith(prefix)
    }


def _state_tensors(state: State) -> dict[str, Tensor]:
    """All tensors of a run by name; the optimizer's are named for the parameter's number."""
    named: dict[str, Tensor] = {}
    for who, player in game_of(state).players.items():
        named |= {f"{who}.{k}": v for k, v in player.network.state_dict().items()}
        for number, slots in player.optimizer.state_dict()["state"].items():
            named |= {f"optimizer_{who}.{number}.{slot}": value for slot, value in slots.items()}
    if state.ema is not None:
        named |= {f"ema.{k}": v for k, v in state.ema.state_dict().items()}
    if state.ada is not None:
        named |= {"ada.p": state.ada.p, "ada.signs": state.ada.signs}
    named |= {f"pool.{name}": pool.images for name, pool in state.pools.items()}
    if state.examples is not None:
        named["examples"] = state.examples
    return named


def _fill_state(state: State, stored: dict[str, Tensor]) -> None:
    network = ARCHITECTURES[state.config.network.architecture]
    unused = state.config.balance.rule != "fixed" or network.grows
    for who, player in game_of(state).players.items():
        player.network.load_state_dict(_part(stored, f"{who}."))
        _fill_optimizer(player.optimizer, _part(stored, f"optimizer_{who}."), unused=unused)
    if state.ema is not None:
        state.ema.load_state_dict(_part(stored, "ema."))
    if state.ada is not None:
        state.ada.p.copy_(stored["ada.p"])
        state.ada.signs.copy_(stored["ada.signs"])
    for name, pool in state.pools.items():
        pool.images = stored[f"pool.{name}"].to(state.device)
    state.examples = stored.get("examples")


def _fill_optimizer(
    optimizer: torch.optim.Optimizer, stored: dict[str, Tensor], *, unused: bool
) -> None:
    """The optimizer's moments, in the memory order of their parameters: Adam's fused step takes no
    other.

    All of a parameter's must be there, or none if it may be one that was never updated: of a player
    that a rule passed over, or of a size that a pair has not grown to.
    """
    parameters = optimizers.parameters_of(optimizer)
    wanted = {
        f"{number}.{slot}" for number in range(len(parameters)) for slot in SLOTS[type(optimizer)]
    }
    begun = {number for number in range(len(parameters)) if f"{number}.step" in stored}
    due = {name for name in wanted if int(name.partition(".")[0]) in begun} if unused else wanted
    if stored.keys() != due:
        raise ValueError("its optimizer's moments are incomplete")
    slots: dict[int, dict[str, Tensor]] = {number: {} for number in range(len(parameters))}
    for name, value in stored.items():
        number, slot = name.split(".")
        parameter = parameters[int(number)]
        slots[int(number)][slot] = (
            value if slot == "step" else torch.empty_like(parameter).copy_(value)
        )
    optimizer.load_state_dict({**optimizer.state_dict(), "state": slots})
