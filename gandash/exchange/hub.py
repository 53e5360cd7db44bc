"""Checkpoints from the Hugging Face Hub and to it, by ``huggingface_hub``.

What is fetched is read as any file of others is, see ``reading``; of gandash's own checkpoints the
card is checked as well. Who may write where is between that package and the Hub: gandash keeps no
token.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gandash.checkpoints import CARD, Card, Checkpoint, load_card
from gandash.checkpoints.card import read_bounded, write_card
from gandash.checkpoints.weights import DISCRIMINATOR, GENERATOR, load_generator
from gandash.exchange.extras import needed
from gandash.exchange.reading import MOST_BYTES
from gandash.records import explain

NAME = re.compile(r"(?P<repo>[\w.-]+/[\w.-]+)(?:/(?P<file>[\w./-]+))?")
ENDINGS = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")
LIKELY = re.compile(r"(^|[^a-z])(g|netg|gen|generator|ema)([^a-z]|$)", re.IGNORECASE)
UNLIKELY = re.compile(r"(^|[^a-z])(d|netd|disc|discriminator|critic|optimizer)([^a-z]|$)", re.I)
MOST_NAMED = 8
SENT = (GENERATOR, DISCRIMINATOR, CARD, "metrics.csv", "protocol.json")


@dataclass(frozen=True)
class Fetched:
    """A file of weights from the Hub, where it lies for now, its licence; ``own`` says that it is a
    checkpoint of gandash's, a folder with a card.
    """

    path: Path
    name: str
    licence: str
    own: bool


def is_name(text: str) -> bool:
    """Whether a text may be a name on the Hub: OWNER/REPOSITORY, or with a file behind it."""
    return NAME.fullmatch(text) is not None and ".." not in text


@contextmanager
def fetched(name: str) -> Iterator[Fetched]:
    """What stands under a name on the Hub, until it is done with; ``ValueError`` in one sentence
    if there is none, or several files that might be meant.
    """
    found = NAME.fullmatch(name)
    assert found is not None
    repo, file = found["repo"], found["file"]
    with tempfile.TemporaryDirectory() as folder:
        with _said(f"The Hub does not give {name!r}"):
            api = _api()
            about = api.model_info(repo, files_metadata=True)
            sizes = {it.rfilename: it.size or 0 for it in about.siblings}
            own = file is None and {CARD, GENERATOR} <= sizes.keys()
            wanted = [it for it in SENT if it in sizes] if own else [file or _only(repo, sizes)]
            for each in wanted:
                _check_size(each, sizes)
                api.hf_hub_download(repo, each, revision=about.sha, local_dir=folder)
        licence = str(getattr(about.card_data, "license", None) or "unknown")
        path = Path(folder) if own else Path(folder) / wanted[0]
        yield Fetched(path, repo if own else f"{repo}/{wanted[0]}", licence, own)


def take_own(source: Fetched, folder: Path) -> Checkpoint:
    """A checkpoint of gandash's that was fetched, as a new one in ``folder``, whole or not at
    all.
    """
    draft = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")
    shutil.copytree(source.path, draft, ignore=shutil.ignore_patterns(".cache"))
    try:
        card = Card.model_validate_json(read_bounded(draft / CARD, MOST_BYTES))
        write_card(draft, card.model_copy(update={"name": folder.name}))
        load_generator(Checkpoint(draft, card))
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Checkpoint(folder, load_card(folder))


def push(checkpoint: Checkpoint, repo: str, *, public: bool) -> str:
    """Write a checkpoint to a repository on the Hub, made if there is none; returns its address."""
    if not is_name(repo) or repo.count("/") != 1:
        raise ValueError(f"A repository on the Hub is OWNER/NAME, not {repo!r}: name one")
    with tempfile.TemporaryDirectory() as folder, _said(f"The Hub does not take {repo!r}"):
        for name in SENT:
            if (checkpoint.folder / name).is_file():
                shutil.copy(checkpoint.folder / name, folder)
        (Path(folder) / "README.md").write_text(readme(checkpoint.card), encoding="utf-8")
        api = _api()
        made = api.create_repo(repo, private=not public, exist_ok=True)
        api.upload_folder(
            repo_id=repo, folder_path=folder, commit_message=f"gandash: {checkpoint.card.title}"
        )
    return str(made)


def readme(card: Card) -> str:
    """The model card that the Hub shows: what it is, of what data, how to use it."""
    licence = re.sub(r"[^\w.-]+", "-", card.data.licence.lower()).strip("-") or "unknown"
    lines = [
        "---",
        "library_name: gandash",
        "tags: [gan, gandash, unconditional-image-generation]",
        f"license_name: {licence}",
        "license: other",
        "---",
        f"# {_line(card.title)}",
        "",
        f"A generator of {card.data.kind.size(card.data.shape)} trained on "
        f"{_line(card.data.title)} (licence of the data: {_line(card.data.licence)}), "
        f"{card.stand}."
        if card.imported is None
        else "A generator that another program trained; how is not known.",
        "",
        _line(card.note),
        "",
        "`card.json` holds everything that rebuilds the networks, and the figures with their "
        "protocol.",
        "",
        "```sh",
        "gandash import OWNER/NAME --name mine",
        "```",
    ]
    return "\n".join(lines) + "\n"


def _line(text: str) -> str:
    """Text of others in one line of Markdown."""
    return re.sub(r"([\\`*_{}\[\]<>#|])", r"\\\1", " ".join(text.split()))


def _api() -> Any:
    hub = needed("huggingface_hub", "hub", "The Hub")
    return hub.HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None)


def _only(repo: str, sizes: dict[str, int]) -> str:
    """The file of a repository that is meant: the only one, or the only likely one."""
    found = [name for name in sizes if name.endswith(ENDINGS)]
    narrowed: Sequence[Callable[[str], object]] = (
        lambda _: True,
        lambda name: not UNLIKELY.search(Path(name).stem),
        lambda name: LIKELY.search(Path(name).stem),
    )
    for test in narrowed:
        left = [name for name in found if test(name)]
        if len(left) == 1:
            return left[0]
        found = left or found
    if not found:
        raise ValueError(
            f"A repository with weights is needed ({', '.join(ENDINGS)}), and {repo!r} has none: "
            "choose another"
        )
    raise ValueError(
        f"One file must be meant, and {repo!r} has {len(found)}: say {repo}/"
        f"{f' or {repo}/'.join(found[:MOST_NAMED])}"
    )


def _check_size(name: str, sizes: dict[str, int]) -> None:
    if name not in sizes:
        raise ValueError(f"There is no file {name!r} in it: choose one of {', '.join(sizes)}")
    if sizes[name] > MOST_BYTES:
        raise ValueError(
            f"A file may hold at most {MOST_BYTES:,} bytes, and {name!r} holds {sizes[name]:,}: "
            "choose a smaller one"
        )


@contextmanager
def _said(what: str) -> Iterator[None]:
    """Errors of the network and of the Hub as one sentence; gandash's own as they are."""
    try:
        yield
    except ValueError:
        raise
    except Exception as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        reasons = {401: "it is private or not there", 403: "you may not", 404: "it is not there"}
        reason = reasons.get(status or 0) or explain(error).rstrip(".")
        raise ValueError(
            f"{what} ({reason}): check the name, the network and your token"
        ) from error
