"""A generator of another program, handed in on the page: what it may be, as grids to choose from.

Whoever opens a page that strangers reach hands in nothing here: what is taken in is shown to all.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from importlib.util import find_spec
from pathlib import Path

import streamlit as st

from gandash import exchange, runs
from gandash.app import cached
from gandash.app.assets import publish
from gandash.app.hosting import limits
from gandash.app.inference import INFERENCE
from gandash.app.parts.own_images import is_local
from gandash.app.parts.quoted import in_html, in_markdown
from gandash.app.parts.refusals import REFUSALS, guarded, notice, sentence
from gandash.checkpoints import load_card
from gandash.exchange import hub
from gandash.pictures.raster import encode
from gandash.storage.paths import pretrained_root, runs_root

ENDINGS = ("pth", "pt", "ckpt", "bin", "safetensors")
COLUMNS = 4
PLACE = "foreign generator"
UPLOAD, NEW = "foreign_upload", "foreign_new"
PROPOSAL, REFUSED, TAKEN = "foreign_proposal", "foreign_refused", "foreign_taken"
NAME, LICENCE, NAMED = "foreign_name", "foreign_licence", "foreign_named"


def bring_in() -> None:
    """Hand in a file of weights, see what it may be, take one of the ways to read it."""
    if limits().public or limits().uploads == "off":
        return
    under_way = any(st.session_state.get(key) for key in (PROPOSAL, TAKEN, REFUSED))
    with st.expander(
        "Bring in a generator of another program", icon=":material/input:", expanded=under_way
    ):
        st.file_uploader(
            "A PyTorch state dict or safetensors",
            list(ENDINGS),
            key=UPLOAD,
            on_change=_remember_new,
            help="Weights alone: nothing in the file is run. DCGANs and their kin, upsampling "
            "generators, matrices to 28×28; what the shapes do not tell you choose by eye.",
            max_upload_size=limits().upload_mb,
        )
        if places := _places():
            st.text_input(
                f"Or {' or '.join(places)}",
                key=NAMED,
                on_change=_remember_new,
                placeholder=" or ".join(places.values()),
            )
        _read_new()
        if said := st.session_state.get(REFUSED):
            st.warning(said, icon=":material/block:")
        _say_taken()
        if proposal := st.session_state.get(PROPOSAL):
            _offer(proposal)
        _earlier()
        notice(PLACE)


def _places() -> dict[str, str]:
    """Where a file may lie besides with the visitor, in words, and how that is written."""
    places: dict[str, str] = {}
    if find_spec("huggingface_hub") is not None:
        places["a name on the Hugging Face Hub"] = "OWNER/REPOSITORY"
    if is_local():
        places["a file of this machine"] = "/home/me/netG.pth"
    return places


def _remember_new() -> None:
    st.session_state[NEW] = True
    for key in (REFUSED, PROPOSAL, TAKEN):
        st.session_state.pop(key, None)


def _read_new() -> None:
    """Read what was just handed in, in a process of its own, or say why it cannot be rebuilt."""
    file = st.session_state.get(UPLOAD)
    named = str(st.session_state.get(NAMED, "")).strip() if _places() else ""
    if not st.session_state.get(NEW) or not (file or named):
        return
    with st.spinner("Reading the file and trying the ways to rebuild it"):
        try:
            if file is not None:
                _propose(_proposal(Path(file.name).name, file.getvalue()))
            elif is_local() and Path(named).is_file():
                with INFERENCE:
                    _propose(exchange.propose(Path(named)))
            else:
                _fetch(named)
        except REFUSALS as error:
            st.session_state[REFUSED] = sentence(error)
    st.session_state.pop(NEW, None)  # only now: an interrupted look begins anew
    if TAKEN in st.session_state:
        st.rerun()  # cards that are drawn already do not show it


def _propose(proposal: exchange.Proposal, licence: str = "") -> None:
    st.session_state[PROPOSAL] = proposal
    st.session_state[NAME] = _free_name(proposal.file)
    st.session_state[LICENCE] = licence


def _free_name(file: str) -> str:
    return runs.fresh_name(runs_root(), pretrained_root(), Path(file).stem)


def _fetch(named: str) -> None:
    """What stands under a name on the Hub: proposals, or a checkpoint of gandash's as it is."""
    if not hub.is_name(named):
        raise ValueError(f"A name on the Hub is OWNER/REPOSITORY, not {named[:80]!r}: name one")
    with hub.fetched(named) as source:
        if source.own:
            name = _free_name(named)
            hub.take_own(source, runs_root() / name)
            st.session_state[TAKEN] = name
            return
        with INFERENCE:
            proposal = exchange.propose(source.path, source.name)
    _propose(proposal, "" if source.licence == "unknown" else source.licence)


def _proposal(name: str, content: bytes) -> exchange.Proposal:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / (re.sub(r"[^\w.-]", "-", name)[-100:] or "weights")
        path.write_bytes(content)
        with INFERENCE:
            return exchange.propose(path)


def _offer(proposal: exchange.Proposal) -> None:
    """The ways to read the file, each as a grid of samples with the button that takes it."""
    with st.container(horizontal=True):
        st.text_input("Name", key=NAME, help="Of the checkpoint: a-z, 0-9 and hyphens.")
        st.text_input("Licence, if you know it", key=LICENCE, placeholder="unknown")
    count = len(proposal.candidates)
    reading = proposal.candidates[0].reading
    st.caption(
        f"{in_markdown(proposal.file)}: {reading.side}×{reading.side} pixels, z of "
        f"{reading.latent_dim}. "
        + (
            f"Its shapes leave {count} ways to rebuild it, the likeliest first: take the one whose "
            "samples look right."
            if count > 1
            else "Its shapes leave one way to rebuild it."
        )
    )
    for first in range(0, count, COLUMNS):
        row = proposal.candidates[first : first + COLUMNS]
        for number, (column, candidate) in enumerate(zip(st.columns(COLUMNS), row, strict=False)):
            with column:
                _candidate(candidate, first + number + 1)


def _candidate(candidate: exchange.Candidate, number: int) -> None:
    url = publish(encode(candidate.picture()))
    words = in_html(candidate.words)
    st.html(
        f'<img class="gd-images" src="{url}" alt="Samples of way {number}: {words}">'
        f'<p class="gd-sub">{number}. {words}</p>'
    )
    st.button(
        "Take this one",
        key=f"foreign_take_{number}",
        type="primary" if number == 1 else "secondary",
        on_click=guarded(_take, PLACE),
        args=(number,),
    )


def _take(number: int) -> None:
    proposal: exchange.Proposal = st.session_state[PROPOSAL]
    name = runs.check_new(runs_root(), str(st.session_state[NAME]).strip())
    licence = str(st.session_state.get(LICENCE, "")).strip()[:200] or "unknown"
    title = Path(proposal.file).stem
    exchange.keep(proposal, runs_root() / name, title, licence, number)
    st.session_state[TAKEN] = name


def _say_taken() -> None:
    """What was taken in, where to see it, and the way back."""
    name = st.session_state.get(TAKEN)
    if not name:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.success(f"{name} is a checkpoint now, on every page.", icon=":material/check:")
        st.page_link(
            st.Page("views/latent.py", url_path="latent"),
            label="Open in Latent space",
            icon=":material/timeline:",
            query_params={"latent_checkpoint": name},
        )
        st.button(
            "Remove it again",
            key="foreign_undo",
            icon=":material/undo:",
            on_click=guarded(_remove, PLACE),
            args=(name,),
        )


def _earlier() -> None:
    """Those that were taken in before, each with the button that removes it."""
    found, _ = cached.find_checkpoints()
    imported = [it for it in found if it.card.imported and it.folder.parent == runs_root()]
    if not imported:
        return
    with st.popover(f"{len(imported)} taken in", icon=":material/inventory_2:"):
        for checkpoint in imported:
            st.button(
                f"Remove {checkpoint.name}",
                key=f"foreign_remove_{checkpoint.name}",
                icon=":material/delete:",
                type="tertiary",
                on_click=guarded(_remove, PLACE),
                args=(checkpoint.name,),
            )


def _remove(name: str) -> None:
    """Remove one that was taken in, and nothing else."""
    folder = runs_root() / runs.check_name(name)
    if load_card(folder).imported is None:
        raise ValueError(f"Only what was taken in is removed here, and {name!r} was trained here")
    st.session_state.pop(TAKEN, None)
    shutil.rmtree(folder)
