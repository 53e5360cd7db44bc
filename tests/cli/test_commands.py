"""The command line: the whole way from training to samples, Ctrl-C.

And one sentence for every bad value.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from pydantic import BaseModel

from gandash import checkpoints, latent, runs
from gandash.checkpoints import weights
from gandash.cli import main
from gandash.config import Config
from gandash.data import to_uint8
from gandash.losses.objectives import OBJECTIVES
from gandash.runs import Run, execution, folder
from gandash.storage import paths
from gandash.zoo import Entry
from tests.conftest import ConfigFactory

pytestmark = pytest.mark.usefixtures("runs_root", "pretrained_root", "one_thread")
TINY = [
    "--size", "16", "--latent-dim", "8", "--g-width", "4", "--d-width", "4", "--batch-size", "8",
    "--device", "cpu", "--precision", "fp32",
]  # fmt: skip


@pytest.fixture
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)


@pytest.fixture
def in_tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, an empty one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def tiny(image_folder: Path) -> list[str]:
    """Flags of a run of six steps."""
    return [
        *TINY,
        "--dataset",
        str(image_folder),
        "--steps",
        "6",
        "--report-every",
        "2",
        "--snapshots",
        "4",
    ]


def run_cli(*arguments: str) -> int:
    """The exit status, whether it is returned or, by the parser, raised."""
    try:
        return main.main(list(arguments))
    except SystemExit as ended:
        return int(ended.code or 0)


def refused(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr that a command is refused with."""
    assert run_cli(*arguments) == 2
    captured = capfd.readouterr()
    assert captured.out == ""
    assert re.fullmatch(r"gandash: [^\n]+\n", captured.err), captured.err
    return captured.err.removeprefix("gandash: ").rstrip()


# The whole way


def test_train_list_sample_resume_export(
    tiny: list[str],
    runs_root: Path,
    pretrained_root: Path,
    in_tmp: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run_cli("train", *tiny, "--name", "first", "--alpha", "0.1") == 0
    assert f"Finished first after 6 steps: {runs_root / 'first'}" in capsys.readouterr().out
    assert run_cli("list") == 0
    assert re.search(
        r"^first +images\d*, 16 pixels, 2 epochs$", capsys.readouterr().out, re.MULTILINE
    )
    assert run_cli("sample", "first", "--seed", "3", "--count", "5", "--columns", "3") == 0
    assert "Wrote 5 samples of first to first-seed-3.png" in capsys.readouterr().out
    assert (in_tmp / "first-seed-3.png").is_file()
    assert run_cli("resume", "first") == 0
    assert "Finished first after 6 steps" in capsys.readouterr().out
    assert run_cli("resume", "first", "--more", "1") == 0
    assert "Finished first after 7 steps" in capsys.readouterr().out
    target = pretrained_root / "small"
    assert (
        run_cli("export", "first", "--to", str(target), "--title", "Small", "--note", "A note.")
        == 0
    )
    assert f"Exported small at step 7 to {target}" in capsys.readouterr().out
    assert run_cli("export", "small", "--to", str(pretrained_root / "smaller")) == 0
    assert "Exported smaller at step 7" in capsys.readouterr().out
    assert run_cli("export", "small", "--to", str(target)) == 2
    assert "its own" in capsys.readouterr().err
    (first, exported, copied), broken = checkpoints.find(pretrained_root, runs_root)
    assert copied.card == exported.card.model_copy(update={"name": "smaller"})
    for file in (weights.GENERATOR, weights.DISCRIMINATOR):
        assert (copied.folder / file).read_bytes() == (target / file).read_bytes()
    assert (exported.card.title, exported.card.note, exported.card.weights) == (
        "Small",
        "A note.",
        "fp16",
    )
    assert first.card.config.loss.alpha == 0.1
    assert not broken


def test_samples_are_those_of_the_seed(
    tiny: list[str], runs_root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run_cli("train", *tiny, "--name", "first")
    files = [tmp_path / "new" / f"{name}.png" for name in "abc"]
    for path, seed in zip(files, (3, 3, 4), strict=True):
        out = ["--out", str(path), "--seed", str(seed), "--count", "5", "--columns", "3"]
        assert run_cli("sample", "first", *out) == 0
    assert files[0].read_bytes() == files[1].read_bytes() != files[2].read_bytes()
    (found,), _ = checkpoints.find(runs_root)
    with torch.no_grad():
        images = to_uint8(weights.load_generator(found)(latent.draw(3, 5, 8)))
    with Image.open(files[0]) as image:
        pixels = np.asarray(image)
    assert pixels.shape == (32, 48)
    assert np.array_equal(pixels[16:, 16:32], images[4, 0].numpy())
    assert not pixels[16:, 32:].any()


def test_flags_reach_the_config(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Config] = []

    def take(config: Config, _tell: object) -> None:
        seen.append(config)
        raise ValueError("seen")

    monkeypatch.setattr(execution, "prepare", take)
    run_cli("train")
    assert seen.pop() == Config()
    run_cli(
        "train",
        "--alpha",
        "0.2",
        "--g-lr",
        "0.001",
        "--steps",
        "7",
        "--limit",
        "None",
        "--seed",
        "5",
    )
    expected = {"loss": {"alpha": 0.2}, "optimizer": {"g_lr": 0.001}, "steps": 7, "seed": 5}
    assert seen.pop() == Config.model_validate(expected)


def leaf_names(section: type[BaseModel]) -> Iterator[str]:
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from leaf_names(field.annotation)
        else:
            yield name


def test_every_setting_is_a_flag_with_its_description(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("train", "--help") == 0
    text = capsys.readouterr().out
    names = list(leaf_names(Config))
    assert len(names) == len(set(names)) > 20
    missing = [name for name in names if f"--{name.replace('_', '-')} " not in text]
    assert not missing
    words = re.sub(r"[│\s]+", " ", text)
    assert "Label smoothing of real images: D's target is 1 - alpha." in words


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("--help") == 0
    text = capsys.readouterr().out
    assert all(re.search(rf"\b{name}\b", text) for name in main.COMMANDS)


def test_the_doctor_says_what_is_there_and_a_command_that_fits(
    image_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli("doctor", str(image_folder), "--quick") == 0
    said = capsys.readouterr().out
    assert said.startswith("All 24 files are used.\n- All are 16×16 pixels. They are trained on")
    assert "! 2 classes of 12 pictures. Balanced." in said
    assert "- Gray. One channel is trained." in said
    command = next(line for line in said.splitlines() if "gandash train" in line)
    _, _, *flags = shlex.split(command)
    assert run_cli("train", *flags, "--epochs", "1", "--name", "fits") == 0
    assert run_cli("doctor", str(image_folder / "nowhere")) == 2
    assert "'nowhere' must be a folder, a zip or an array" in capsys.readouterr().err


def test_zoo_train(
    tmp_path: Path,
    pretrained_root: Path,
    tiny_config: ConfigFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GANDASH_ZOO", str(tmp_path / "zoo"))
    entry = Entry("Title", tiny_config(steps=None, epochs=1, report_every=1), "Note.")
    monkeypatch.setattr("gandash.zoo.entries.ZOO", {"one": entry, "two": entry})
    assert refused(capfd, "zoo", "train", "three").startswith("A zoo entry must be one of the 2 in")
    assert run_cli("zoo", "train", "two") == 0
    assert capfd.readouterr().out == f"The zoo is complete in {pretrained_root}\n"
    assert [c.name for c in checkpoints.find(pretrained_root)[0]] == ["two"]


# Listing


def test_an_empty_list_says_how_to_begin(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("list") == 0
    assert capsys.readouterr().out == (
        "No checkpoints yet. Train one with: python -m gandash train --name my-first\n"
    )


def test_the_list_names_unfinished_and_broken_ones(
    runs_root: Path, tiny_config: ConfigFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    runs.create(runs_root, tiny_config(), "waiting").update(phase="stopped", step=1200, total=3000)
    runs.create(runs_root, tiny_config(), "killed").update(phase="running", step=3, total=6)
    alive = runs.create(runs_root, tiny_config(), "alive")
    alive.update(phase="running", step=4, total=6)
    (runs.create(runs_root, tiny_config(), "no-status").folder / runs.STATUS).write_text("{")
    (runs.create(runs_root, tiny_config(), "no-card").folder / checkpoints.CARD).write_text("{")
    with alive.hold():
        assert run_cli("list") == 0
    captured = capsys.readouterr()
    assert re.search(r"^killed +cut off at step 3 of 6$", captured.out, re.MULTILINE)
    assert re.search(r"^alive +running at step 4 of 6$", captured.out, re.MULTILINE)
    assert re.search(r"^waiting +stopped at step 1,200 of 3,000$", captured.out, re.MULTILINE)
    assert re.search(
        r"^no-status +unusable: The status of run 'no-status' cannot be read",
        captured.err,
        re.MULTILINE,
    )
    assert re.search(r"^no-card +unusable: The card .* is damaged", captured.err, re.MULTILINE)


# Bad values


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (["--alpha", "0.9"], "alpha should be less than 0.5, not 0.9."),
        (
            ["--alpha", "1", "--beta", "2"],
            "alpha should be less than 0.5, not 1.0; beta should be less than 0.5, not 2.0.",
        ),
        (["--alpha", "nan"], "alpha should be a finite number, not nan."),
        (["--objective", "foo"], f"objective must be one of {', '.join(OBJECTIVES)}, not 'foo'."),
        (["--seed", "-1"], "seed should be greater than or equal to 0, not -1."),
        (
            ["--batch-size", "100000"],
            "batch_size should be less than or equal to 8192, not 100000.",
        ),
        (["--latent-dim", "0"], "latent_dim should be greater than or equal to 1, not 0."),
        (
            ["--batch-size", "25"],
            "batch_size must not exceed the number of images, but it is 25 for 24 images: choose "
            "at most 24",
        ),
        (
            ["--name", "a b"],
            "A run's name must be 1 to 63 of a-z, 0-9 and hyphens, not 'a b': choose another",
        ),
        (
            ["--name", "../up"],
            "A run's name must be 1 to 63 of a-z, 0-9 and hyphens, not '../up': choose another",
        ),
    ],
)
def test_a_bad_setting_is_one_sentence_and_leaves_nothing(
    tiny: list[str],
    runs_root: Path,
    capfd: pytest.CaptureFixture[str],
    flags: list[str],
    sentence: str,
) -> None:
    assert refused(capfd, "train", *tiny, *flags) == sentence
    assert not runs_root.exists()


def empty_folder(path: Path) -> Path:
    path.mkdir()
    return path


def corrupt_image(path: Path) -> Path:
    path.mkdir()
    (path / "bad.png").write_bytes(b"no image")
    return path


def no_zip(path: Path) -> Path:
    path.write_bytes(b"PK no zip")
    return path


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda path: path, "is neither: check the spelling"),
        (empty_folder, "needs at least 2 images that can be read, and 'mine' has 0: add some"),
        (corrupt_image, "(left out: 'bad.png' (not a picture, or a damaged one))"),
        (no_zip, "is neither: check the spelling"),
    ],
)
def test_an_unusable_dataset_leaves_no_run(
    tiny: list[str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    make: Callable[[Path], Path],
    words: str,
) -> None:
    assert words in refused(capfd, "train", *tiny, "--dataset", str(make(tmp_path / "mine")))
    assert not paths.runs_root().exists()


def test_what_is_left_out_is_said_before_training(
    tiny: list[str], image_folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    mine = shutil.copytree(image_folder, tmp_path / "mine")
    (mine / "left" / "bad.png").write_bytes(b"no image")
    assert run_cli("train", *tiny, "--dataset", str(mine)) == 0
    assert capfd.readouterr().err.startswith(
        "24 of 25 files are used; left out: 'left/bad.png' (not a picture, or a damaged one).\n"
    )


def test_a_taken_name_is_refused_before_the_data_is_read(
    tiny: list[str],
    runs_root: Path,
    tiny_config: ConfigFactory,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    run = runs.create(runs_root, tiny_config(seed=1), "mine")
    before = (run.folder / folder.CONFIG).read_bytes()
    monkeypatch.setattr(execution, "prepare", lambda *_: pytest.fail("the data was read"))
    sentence = refused(capfd, "train", *tiny, "--name", "mine")
    assert sentence == "A run's name must be new, and 'mine' is taken: choose another or remove it"
    assert (run.folder / folder.CONFIG).read_bytes() == before


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        (
            ["nobody"],
            "No checkpoint is called 'nobody': `python -m gandash list` shows those there are",
        ),
        (
            ["first", "--count", "9999999"],
            "count and columns must be 1 to 4096, not 9999999 and 8: choose others",
        ),
        (
            ["first", "--count", "0"],
            "count and columns must be 1 to 4096, not 0 and 8: choose others",
        ),
        (
            ["first", "--columns", "9999999"],
            "count and columns must be 1 to 4096, not 64 and 9999999: choose others",
        ),
        (["first", "--seed", "-1"], "seed must be 0 to 4294967295, not -1: choose another"),
        (
            ["first", "--seed", "4294967296"],
            "seed must be 0 to 4294967295, not 4294967296: choose another",
        ),
    ],
)
def test_bad_requests_for_samples(
    in_tmp: Path, capfd: pytest.CaptureFixture[str], flags: list[str], sentence: str
) -> None:
    assert refused(capfd, "sample", *flags) == sentence
    assert list(in_tmp.glob("*.png")) == []


def test_many_columns_make_one_row(tiny: list[str], tmp_path: Path) -> None:
    run_cli("train", *tiny, "--name", "first")
    path = tmp_path / "row.png"
    assert run_cli("sample", "first", "--count", "3", "--columns", "4096", "--out", str(path)) == 0
    with Image.open(path) as image:
        assert image.size == (48, 16)


def test_a_file_that_cannot_be_written_is_one_sentence(
    tiny: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_cli("train", *tiny, "--name", "first")
    capfd.readouterr()
    (tmp_path / "file").write_text("in the way")
    assert str(tmp_path / "file") in refused(
        capfd, "sample", "first", "--out", str(tmp_path / "file" / "a.png")
    )


@pytest.mark.parametrize("words", [("resume", "run"), ("export", "checkpoint")])
def test_an_unknown_run(
    words: tuple[str, str], in_tmp: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command, kind = words
    assert refused(capfd, command, "nobody") == (
        f"No {kind} is called 'nobody': `python -m gandash list` shows those there are"
    )
    assert not any(in_tmp.iterdir())


def test_damaged_weights_and_states(
    tiny: list[str], runs_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_cli("train", *tiny, "--name", "first")
    capfd.readouterr()
    run = Run(runs_root / "first")
    (run.folder / weights.GENERATOR).write_bytes(b"nonsense")
    assert refused(capfd, "sample", "first").endswith("or move the folder away")
    (run.folder / folder.STATE).write_bytes(b"nonsense")
    assert refused(capfd, "resume", "first").endswith("to start the run afresh")
    (run.folder / folder.CONFIG).write_bytes(b"nonsense")
    assert refused(capfd, "resume", "first").endswith(
        "restore its config.json from a copy, its saved state is kept"
    )


def test_a_class_is_refused_of_a_generator_that_was_told_none(
    tiny: list[str], in_tmp: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_cli("train", *tiny, "--name", "first")
    capfd.readouterr()
    assert refused(capfd, "sample", "first", "--label", "3") == (
        "A generator makes classes if it was told them, and this one was not: leave out the class 3"
    )
    assert list(in_tmp.glob("*.png")) == []


def test_a_network_that_does_not_fit_into_memory_is_one_sentence(
    tiny: list[str],
    runs_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def too_large(*_: object) -> None:
        torch.empty(2**60)

    monkeypatch.setattr(execution, "new_state", too_large)
    assert refused(capfd, "train", *tiny, "--name", "first") == (
        "A run must fit into memory, and this one does not: choose a smaller batch_size or fewer "
        "filters"
    )
    assert Run(runs_root / "first").status().phase == "failed"


def test_a_run_that_cannot_be_trained_longer_from_here_stays_finished(
    tiny: list[str],
    runs_root: Path,
    in_tmp: Path,
    image_folder: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """And the right command, from the right folder, is taken then."""
    run_cli("train", *tiny, "--name", "first")
    run = Run(runs_root / "first")
    config = run.config()
    relative = config.data.model_copy(update={"dataset": image_folder.name})
    run.write_config(config.model_copy(update={"data": relative}))
    capfd.readouterr()
    before = run.config(), run.status()
    for flags in (["--more", "2"], []):
        sentence = refused(capfd, "resume", "first", *flags)
        assert sentence.endswith(f"and not from {in_tmp}: resume it from there")
        assert (run.config(), run.status()) == before
    os.chdir(image_folder.parent)
    assert run_cli("resume", "first", "--more", "2") == 0
    assert run.status().step == 8


def test_a_run_with_a_damaged_status_is_resumed(
    tiny: list[str], runs_root: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run_cli("train", *tiny, "--name", "first")
    run = Run(runs_root / "first")
    (run.folder / runs.STATUS).write_text("{")
    capfd.readouterr()
    assert run_cli("resume", "first") == 0
    assert capfd.readouterr().err.startswith("The status of run 'first' cannot be read (")
    assert (run.status().phase, run.status().step) == ("finished", 6)


def test_without_a_home_the_folder_of_data_is_asked_for(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_home() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", no_home)
    monkeypatch.delenv("GANDASH_DATA", raising=False)
    sentence = "gandash keeps files in the user's home, and this user has none: set {} to a folder"
    assert refused(capfd, "train", *TINY) == sentence.format("GANDASH_DATA")
    monkeypatch.delenv("GANDASH_ZOO", raising=False)
    assert refused(capfd, "zoo", "train") == sentence.format("GANDASH_ZOO")
    monkeypatch.setenv("GANDASH_ZOO", "/elsewhere")
    assert paths.zoo_root() == Path("/elsewhere")


def test_a_disk_that_is_full_from_the_start_leaves_no_run(
    tiny: list[str],
    runs_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def disk_full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", disk_full)
    assert refused(capfd, "train", *tiny, "--name", "first").startswith("No space left on device")
    assert not (runs_root / "first").exists()


# Ctrl-C, in real processes


# The command line, but for rows: within one nobody looks whether the run is to end.
BY_ROWS = (
    "import math, sys\nfrom gandash.runs import execution\nfrom gandash.cli.main import main\n"
    "execution.LOOK_SECONDS = math.inf\nsys.exit(main(sys.argv[1:]))"
)


def started(runs_root: Path, image_folder: Path, *flags: str) -> subprocess.Popen[str]:
    """`train --name mine` in a process of its own, once it trains."""
    data = ["--dataset", str(image_folder), "--name", "mine"]
    process = subprocess.Popen(
        [sys.executable, "-c", BY_ROWS, "train", *TINY, *data, *flags],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    run = Run(runs_root / "mine")
    while not run.snapshots():  # of step 0; from then on a signal is one in the midst of training
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.02)
    return process


def test_ctrl_c_saves_and_says_how_to_go_on(
    runs_root: Path, image_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    process = started(
        runs_root, image_folder, "--steps", "200", "--report-every", "1", "--snapshots", "10"
    )
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    run = Run(runs_root / "mine")
    step = run.status().step
    assert process.returncode == 0, err
    assert out == f"Saved mine at step {step:,}. Go on with: python -m gandash resume mine\n"
    assert "Traceback" not in err
    assert run.status().phase == "stopped"
    assert step < 200
    assert run_cli(*out.split("python -m gandash ")[1].split()) == 0
    assert f"Finished mine after 200 steps: {run.folder}" in capsys.readouterr().out
    assert run.metrics().step.tolist() == list(range(1, 201))
    assert list(run.snapshots()) == list(run.config().snapshot_steps(24))
    assert checkpoints.load_card(run.folder).step == 200


def test_a_second_ctrl_c_ends_at_once(runs_root: Path, image_folder: Path) -> None:
    process = started(runs_root, image_folder, "--steps", "100000000", "--report-every", "100000")
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err.endswith("gandash: ended at once; the state saved last is kept\n")
    assert "Traceback" not in err
    assert not Run(runs_root / "mine").held


@pytest.mark.parametrize(
    "arguments", [["list"], ["--help"], ["--version"], ["train", "--help"], ["train", "-x"]]
)
def test_help_and_lists_come_without_what_takes_long_to_load(arguments: list[str]) -> None:
    code = (
        "import sys\nfrom contextlib import suppress\nfrom gandash.cli import main\n"
        "with suppress(SystemExit):\n    main.main(sys.argv[1:])\n"
        "sys.exit(bool({'torch', 'streamlit', 'pandas', 'plotly'} & sys.modules.keys()))"
    )
    command = [sys.executable, "-c", code, *arguments]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
