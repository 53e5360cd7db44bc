"""One run on two processes: what each learns from its half is what one learns from the whole."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gandash.checkpoints.weights import DISCRIMINATOR, GENERATOR
from gandash.config import parse_config
from gandash.runs import Run
from gandash.training import shares
from tests.waiting import PATIENCE

SETTINGS = [
    "--dataset", "ring", "--architecture", "mlp", "--latent-dim", "4", "--g-width", "16",
    "--d-width", "16", "--g-norm", "none", "--d-norm", "none", "--batch-size", "64",
    "--report-every", "5", "--snapshots", "2", "--precision", "fp32", "--device", "cpu",
    "--objective", "wasserstein", "--gradient-penalty", "1",
    "--pack", "2", "--ema", "0.9",
]  # fmt: skip


def command(processes: int, *arguments: str) -> list[str]:
    launch = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    return [sys.executable, *(launch if processes > 1 else []), "-m", "gandash", *arguments]


def environment(root: Path) -> dict[str, str]:
    return os.environ | {"GANDASH_RUNS": str(root), "OMP_NUM_THREADS": "1"}


def trained(root: Path, processes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(processes, *arguments),
        env=environment(root),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def test_two_processes_do_what_one_does_and_any_number_goes_on(tmp_path: Path) -> None:
    """Gradient penalty, packs and moving average included; begun by two, ended by one."""
    for name, processes, arguments in (
        ("alone", 1, ("train", *SETTINGS, "--name", "alone", "--steps", "20")),
        ("together", 2, ("train", *SETTINGS, "--name", "together", "--steps", "10")),
        ("together", 1, ("resume", "together", "--more", "10")),
    ):
        done = trained(tmp_path, processes, *arguments)
        assert done.returncode == 0, done.stderr
        assert done.stdout.count(f"Finished {name}") == 1, "the first process alone speaks"
    alone, together = Run(tmp_path / "alone"), Run(tmp_path / "together")
    for name in (GENERATOR, DISCRIMINATOR):
        expected, found = load_file(alone.folder / name), load_file(together.folder / name)
        for key, tensor in expected.items():
            torch.testing.assert_close(found[key], tensor, rtol=1e-4, atol=1e-6)
    assert list(together.metrics().step) == list(alone.metrics().step) == [5, 10, 15, 20]


def test_a_run_one_of_whose_processes_is_killed_ends_and_goes_on(tmp_path: Path) -> None:
    arguments = ("train", *SETTINGS, "--name", "run", "--steps", "200000")
    with subprocess.Popen(
        command(2, *arguments),
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        run = Run(tmp_path / "run")
        wait_until_begun(run, process)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[-1]), 9)
        assert process.wait(PATIENCE) != 0
    assert not run.held
    assert not (run.folder / GENERATOR).exists()
    config = run.config()
    run.write_config(config.model_copy(update={"steps": run.status().step + 5}))
    done = trained(tmp_path, 1, "resume", "run")
    assert done.returncode == 0, done.stderr
    assert run.status().phase == "finished"


def wait_until_begun(run: Run, process: subprocess.Popen[str]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        if run.folder.exists() and run.status().step > 0:
            return
        time.sleep(0.2)
    pytest.fail("it did not begin")


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"batch_size": 63}, "batch_size must be a multiple of 2 on 2 processes, and it is 63"),
        ({"collapse": {"pack": 4}, "batch_size": 12}, "batch_size must be a multiple of 8"),
        ({"collapse": {"unroll_steps": 2}}, "set it to 0, or train in one process"),
        ({"balance": {"discriminators": 3}}, "discriminators needs the whole batch"),
        (
            {
                "data": {"dataset": "pairs:edges-mnist"},
                "translation": {"translator": "cyclegan"},
                "loss": {"objective": "least-squares"},
            },
            "translator needs the whole batch",
        ),
    ],
)
def test_what_cannot_be_shared_is_refused(
    settings: dict[str, object], says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = parse_config(settings)
    shares.check(config)
    monkeypatch.setattr(shares, "count", lambda: 2)
    with pytest.raises(ValueError, match=says):
        shares.check(config)
