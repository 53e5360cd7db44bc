"""Sweeps on Ray: with a stand-in for Ray everywhere, and with a real one where it is installed."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from gandash import runs
from gandash.cli.main import main
from gandash.config import Config
from gandash.config.sweeps import Member
from gandash.jobs import control, groups, on_ray, queue
from gandash.jobs.on_ray import Share
from gandash.runs import Run, execution

pytestmark = pytest.mark.usefixtures("plain_arithmetic")
ConfigFactory = Callable[..., Config]
NEVER = threading.Event()


class StandIn:
    """What of Ray is used, in this process: tasks run when they are waited for."""

    def __init__(self) -> None:
        self.exceptions = SimpleNamespace(RayError=RuntimeError)
        self.options: dict[str, Any] = {}
        self.init_arguments: dict[str, Any] = {}
        self.there = {"CPU": 2.0}
        self.lost: set[str] = set()
        self.is_shut_down = False

    def is_initialized(self) -> bool:
        return False

    def init(self, **arguments: Any) -> None:
        self.init_arguments = arguments

    def cluster_resources(self) -> dict[str, float]:
        return self.there

    def remote(self, function: Callable[..., str]) -> Any:
        def options(**chosen: Any) -> Any:
            self.options = chosen
            return SimpleNamespace(remote=lambda *arguments: (function, arguments))

        return SimpleNamespace(options=options)

    def wait(self, waiting: list[Any], **_: Any) -> tuple[list[Any], list[Any]]:
        return waiting[:1], waiting[1:]

    def get(self, reference: Any) -> str:
        function, (folder, cpus) = reference
        if Path(folder).name in self.lost:
            raise self.exceptions.RayError("The node is gone\nfor good")
        return str(function(folder, cpus))

    def shutdown(self) -> None:
        self.is_shut_down = True


@pytest.fixture
def stand_in(monkeypatch: pytest.MonkeyPatch) -> StandIn:
    ray = StandIn()
    monkeypatch.setitem(sys.modules, "ray", ray)
    return ray


@pytest.fixture
def members(tiny_config: ConfigFactory) -> list[Member]:
    return [Member(f"heads-s{seed}", "only", tiny_config(seed=seed)) for seed in (0, 1)]


def trained(found: list[Run], share: Share = Share()) -> dict[str, str]:  # noqa: B008 - frozen
    with on_ray.connected(on_ray.HERE, share) as ray:
        return dict(on_ray.train_all(ray, found, share, NEVER))


def same_weights(run: Run, other: Run) -> bool:
    one, two = (load_file(it.folder / "generator.safetensors") for it in (run, other))
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


def test_every_run_is_trained_as_it_is_alone(
    stand_in: StandIn, runs_root: Path, members: list[Member]
) -> None:
    found = on_ray.submit(runs_root, "heads", members)
    assert not queue.waiting(runs_root)  # the queue's worker has nothing to take
    share = Share(cpus=1.0, gpus=0.0, retries=2)
    assert trained(found, share) == {"heads-s0": "finished", "heads-s1": "finished"}
    assert stand_in.options == {"num_cpus": 1.0, "num_gpus": 0.0, "max_retries": 2}
    assert stand_in.is_shut_down
    variables = stand_in.init_arguments["runtime_env"]["env_vars"]
    assert variables["GANDASH_RUNS"] == str(runs_root)
    assert variables["OMP_NUM_THREADS"] == "1"
    for run, member in zip(found, members, strict=True):
        assert (run.status().group, run.status().arm) == ("heads", "only")
        alone = runs.create(runs_root / "alone", member.config, member.name)
        list(execution.execute(alone))
        assert same_weights(run, alone)


def test_a_part_of_a_gpu_must_be_there(
    stand_in: StandIn, runs_root: Path, members: list[Member]
) -> None:
    with pytest.raises(ValueError, match=r"0\.25 GPU, and the Ray cluster has 0: choose less"):
        trained([], Share(gpus=0.25))
    stand_in.there = {"CPU": 1.0, "GPU": 1.0}
    trained(on_ray.submit(runs_root, "heads", members), Share(gpus=0.25))
    assert stand_in.options["num_gpus"] == 0.25


@pytest.mark.parametrize("wrong", [{"cpus": 0.0}, {"gpus": -1.0}, {"retries": -1}])
def test_a_share_that_is_none_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="choose more"):
        Share(**wrong)


def test_a_run_that_was_stopped_before_its_turn_is_left(
    stand_in: StandIn, runs_root: Path, members: list[Member]
) -> None:
    found = on_ray.submit(runs_root, "heads", members)
    control.stop(found[0])
    assert trained(found) == {"heads-s0": "stopped", "heads-s1": "finished"}
    assert found[0].status().step == 0
    again = on_ray.unfinished(runs_root, "heads")
    assert trained(again) == {"heads-s0": "finished"}


def test_what_is_lost_or_fails_is_said_and_the_rest_goes_on(
    stand_in: StandIn, runs_root: Path, members: list[Member], tiny_config: ConfigFactory
) -> None:
    gone = tiny_config(data={"dataset": str(runs_root / "nowhere"), "size": 16})
    found = on_ray.submit(runs_root, "heads", [*members, Member("heads-bad", "other", gone)])
    stand_in.lost = {"heads-s0"}
    outcomes = trained(found)
    assert outcomes.pop("heads-bad").startswith("failed: ")
    assert outcomes == {"heads-s0": "lost: The node is gone", "heads-s1": "finished"}
    assert found[2].status().phase == "failed"


def test_who_looks_after_the_queue_leaves_them_alone(
    runs_root: Path, members: list[Member]
) -> None:
    """Between a lost node and the next start nobody holds the run: Ray knows of it."""
    run, _ = on_ray.submit(runs_root, "heads", members)
    run.update(phase="running", step=4)
    control.look_after(runs_root)
    assert run.status().phase == "running"
    assert [it.name for it in on_ray.unfinished(runs_root, "heads")] == ["heads-s0", "heads-s1"]
    run.update(phase="running", step=4)
    groups.stop(runs_root, "heads")  # nobody trains it: it is stopped at once
    assert {status.phase for _, status in groups.of(runs_root, "heads")} == {"stopped"}


def test_an_interruption_asks_all_to_stop(
    stand_in: StandIn, runs_root: Path, members: list[Member]
) -> None:
    found = on_ray.submit(runs_root, "heads", members)
    interrupted = threading.Event()
    interrupted.set()
    with on_ray.connected(on_ray.HERE, Share()) as ray:
        outcomes = dict(on_ray.train_all(ray, found, Share(), interrupted))
    assert set(outcomes.values()) == {"stopped"}


def test_the_command(
    stand_in: StandIn,
    runs_root: Path,
    tiny_config: ConfigFactory,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "heads.json"
    file.write_text(tiny_config().model_dump_json().replace('"seed":0', '"seed":[0,1]'))
    command = ["sweep", "start", "heads", "--config", str(file), "--ray", "local"]
    assert main(command) == 0
    assert "2 of 2: heads-s1 finished" in capsys.readouterr().out
    assert main(["sweep", "resume", "heads", "--ray", "local"]) == 0
    assert "0 runs of heads" in capsys.readouterr().out
    assert main(["sweep", "stop", "heads", "--ray", "local"]) == 2
    assert "leave it away to stop one" in capsys.readouterr().err


def test_without_ray_a_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(ValueError, match=r"pip install 'gandash\[ray\]'"):
        trained([])


def test_no_ray_at_an_address_is_said(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    def init(**_: Any) -> None:
        raise ConnectionError("Nobody listens\nthere")

    monkeypatch.setattr(stand_in, "init", init)
    with pytest.raises(ValueError, match=r"No Ray answers at 'local' \(Nobody listens"):
        trained([])


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is an extra, and not installed")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_on_a_real_ray_where_it_is_installed_a_killed_process_costs_nothing(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    """Killed while it pauses, with its state saved: it goes on, and ends bit for bit as another
    that was left alone.
    """
    config = tiny_config(
        data={"dataset": "ring"},
        network={"architecture": "mlp", "latent_dim": 2, "g_norm": "none", "d_norm": "none"},
        steps=4_000,
        report_every=50,
    )
    members = [Member(name, "only", config) for name in ("killed", "alone")]
    killed, alone = on_ray.submit(runs_root, "heads", members)
    killer = threading.Thread(target=kill_while_it_pauses, args=(killed,))
    killer.start()
    assert trained([killed, alone], Share(cpus=0.5)) == {"killed": "finished", "alone": "finished"}
    killer.join()
    assert same_weights(killed, alone)
    assert killed.metrics().step.tolist() == alone.metrics().step.tolist()
    assert [event.what for event in runs.read_events(killed.folder)] == ["resumed"]
    assert not runs.read_events(alone.folder)


def kill_while_it_pauses(run: Run) -> None:
    deadline = time.monotonic() + 200
    while run.status().phase == "queued" and time.monotonic() < deadline:
        time.sleep(0.02)
    run.request_pause()
    while "Paused" not in run.status().message and time.monotonic() < deadline:
        time.sleep(0.02)
    for number in holders(run):
        os.kill(number, signal.SIGKILL)
    run.end_pause()


def holders(run: Run) -> Iterator[int]:
    """The processes that have a run's lock open."""
    lock = str(run.folder.resolve() / ".lock")
    for path in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            if str(path.readlink()) == lock:
                yield int(path.parts[2])
        except OSError:  # it is gone
            continue
