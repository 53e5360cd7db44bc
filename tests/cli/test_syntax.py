"""A command line that cannot be read is refused in one sentence, as everything else is."""

from __future__ import annotations

import pytest

from gandash.cli import main, syntax
from tests.cli.test_commands import refused

HELP = "`gandash train --help` shows how it is called"
COMMANDS = ", ".join(main.COMMANDS)
REFUSED = {
    "train --size 20": f"size must be one of 16, 32, 64, 128, 256, not '20': {HELP}",
    "train --epochs many": f"epochs must be a whole number, not 'many': {HELP}",
    "train --alpha much": f"alpha must be a number, not 'much': {HELP}",
    "train --limit few": f"limit must be a whole number or None, not 'few': {HELP}",
    "train --alfa 0.2": f"gandash train knows no --alfa, 0.2: {HELP}",
    "train --seed": f"seed needs a value: {HELP}",
    "resume a b": "gandash resume knows no b: `gandash resume --help` shows how it is called",
    "zoo fly": "action must be one of train, document, not 'fly': "
    "`gandash zoo --help` shows how it is called",
    "sample": "gandash sample needs a name of the checkpoint: "
    "`gandash sample --help` shows how it is called",
    "export": "gandash export needs a name of the run or checkpoint: "
    "`gandash export --help` shows how it is called",
    "export x": "No checkpoint is called 'x': `python -m gandash list` shows those there are",
    "nope": "gandash knows no nope: `gandash --help` shows how it is called",
    "": f"A command must be one of {COMMANDS}: `gandash --help` shows how it is called",
}


@pytest.mark.parametrize("columns", ["40", "80", "200"])
@pytest.mark.parametrize("line", REFUSED)
def test_what_cannot_be_read_is_one_sentence(
    line: str, columns: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert refused(capfd, *line.split()) == REFUSED[line]


def test_what_a_newer_parser_may_say_is_one_sentence_too() -> None:
    lines = [
        "╭─ Odd ───────╮",
        "│ Something   │",
        "│ new.        │",
        "│ ─────────── │",
        "│ more        │",
    ]
    box = "\n".join([*lines, "╰─────────────╯"])
    assert syntax.sentence(box, "gandash") == (
        "Something new: `gandash --help` shows how it is called"
    )
    assert syntax.sentence("error: plain words", "gandash").startswith("error: plain words: `")
