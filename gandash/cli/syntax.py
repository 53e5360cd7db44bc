"""A command line to a command; what cannot be read is refused in a sentence as everything is.

The parser frames its errors in boxes for the terminal. It offers no other form of them in public,
so the box is unpacked, and the errors that people meet are said in the words of this project.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import redirect_stderr
from functools import partial, wraps
from io import StringIO

import tyro

from gandash.cli.flags import REGISTRY, RefusedError

FRAME = re.compile("[─│╭╮╰╯]+")
RULE = re.compile("─{5,}")
HELP = "`{prog} --help` shows how it is called"
NUMBERS = {"int": "a whole number", "float": "a number"}
# What the parser says, and what is said instead; groups by name, {prog} is the command.
SENTENCES: tuple[tuple[str, str], ...] = (
    (
        r"invalid choice (?P<value>'.*') for argument '(?P<name>[^']+)'\. "
        r"Expected one of \((?P<choices>.*?),?\)\.?",
        "{name} must be one of {choices}, not {value}",
    ),
    (
        r"Error parsing (?P<name>\S+): invalid literal for int\(\) with base 10: (?P<value>'.*')",
        "{name} must be a whole number, not {value}",
    ),
    (
        r"Error parsing (?P<name>\S+): could not convert string to float: (?P<value>'.*')",
        "{name} must be a number, not {value}",
    ),
    (
        r"Error parsing (?P<name>\S+): no type matching \{None\}\|(?P<kind>INT|FLOAT) could be "
        r"instantiated from \[(?P<value>.*?)\]\.?",
        "{name} must be {kind} or None, not {value}",
    ),
    (
        r"Unrecognized options: (?P<value>.*?)(?: Available subcommands: (?P<choices>.*))?",
        "{prog} knows no {value}",
    ),
    (r"Missing value for argument '(?P<name>[^']+)'.*", "{name} needs a value"),
    (r"Expected one of \{(?P<choices>.*)\}\.?", "A command must be one of {choices}"),
    (r"Missing from \S+(?: \S+)*?: (?P<needed>.*)", "{prog} needs {needed}"),
)


def read(arguments: list[str], commands: Mapping[str, Callable[..., None]]) -> Callable[[], None]:
    """The command that a command line asks for, with its arguments, to be called.

    :class:`RefusedError` says in one sentence what is wrong with it; ``SystemExit`` after help.
    """
    box = StringIO()
    try:
        with redirect_stderr(box):
            command: Callable[[], None] = tyro.extras.subcommand_cli_from_dict(
                {name: _deferred(command) for name, command in commands.items()},
                prog="gandash",
                args=arguments,
                registry=REGISTRY,
                config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagConversionOff),
            )
            return command
    except SystemExit as ended:
        if not ended.code:
            raise
        known = arguments and arguments[0] in commands
        prog = f"gandash {arguments[0]}" if known else "gandash"
        raise RefusedError(sentence(box.getvalue(), prog)) from None


def _deferred(command: Callable[..., None]) -> Callable[..., Callable[[], None]]:
    """A command that is only prepared by a call: whatever it says itself is not caught."""

    @wraps(command)
    def prepare(*arguments: object, **flags: object) -> Callable[[], None]:
        return partial(command, *arguments, **flags)

    # The parser reads the signature of what is wrapped, and this one's result.
    prepare.__annotations__ = {**command.__annotations__, "return": Callable[[], None]}
    return prepare


def sentence(box: str, prog: str) -> str:
    """What the parser's box says, in one sentence with a remedy."""
    said = unpack(box)
    for pattern, words in SENTENCES:
        if match := re.fullmatch(pattern, said):
            groups = {name: group or "" for name, group in match.groupdict().items()}
            return f"{words.format(prog=prog, **_in_words(groups))}: {HELP.format(prog=prog)}"
    return f"{said.rstrip('.')}: {HELP.format(prog=prog)}"


def unpack(box: str) -> str:
    """The words of a box, up to its first rule, in one line and without its title."""
    lines = box.strip().splitlines()
    body: list[str] = []
    for line in lines[1:] if lines and RULE.search(lines[0]) else lines:
        if RULE.search(line):
            break
        body.append(FRAME.sub("", line).strip())
    words = " ".join(" ".join(body).split())
    return re.split(r" Got errors: ", words)[0]


def _in_words(groups: dict[str, str]) -> dict[str, str]:
    """Names without dashes, choices without quotes, kinds of number in words."""
    if "choices" in groups:
        groups["choices"] = groups["choices"].replace("'", "")
    if "kind" in groups:
        groups["kind"] = NUMBERS[groups["kind"].lower()]
    if "name" in groups:
        groups["name"] = groups["name"].removeprefix("--").replace("-", "_")
    if "needed" in groups:
        groups["needed"] = _needed(groups["needed"])
    return groups


def _needed(text: str) -> str:
    """What is missing: flags, or what has no flag by its help, ``Name of the checkpoint.``"""
    if flags := re.findall(r"--[a-z][a-z-]*", text):
        return " and ".join(flags)
    help_text = re.sub(r"^\S+ | \(required\).*$", "", text).rstrip(".")
    return f"a {help_text[:1].lower()}{help_text[1:]}"
