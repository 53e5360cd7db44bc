"""The job beside the server as pages show it: started, refused in a sentence, followed, ended."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

from gandash.app.parts.refusals import guarded, notice, shown
from gandash.jobs import task
from gandash.jobs.task import Job
from gandash.storage.paths import runs_root


def attempt(start: Callable[[Path, Path], None], folder: Path, place: str) -> None:
    """Start a job on a checkpoint's folder, or keep for ``place`` on the page why not."""
    guarded(start, place)(runs_root(), folder)


def show(job: Job | None, place: str) -> None:
    """How far the job of this place is, polled until it ends; or why it was refused or failed."""
    if job is not None and not job.problem:
        st.fragment(_progress, run_every="1s")(job, place)
    elif not notice(place) and job is not None:
        st.error(shown(job.problem), icon=":material/error:")


def _progress(job: Job, place: str) -> None:
    """The whole page is shown anew when the job has ended."""
    now = task.current(runs_root())
    if now is None or now.problem or now.started != job.started:
        st.rerun()
    stopping = task.is_stopping(runs_root())
    doing = "Stopping after this step" if stopping else shown(now.doing)
    st.progress(
        max(now.step - 1, 0) / now.steps, f"{doing}, step {max(now.step, 1)} of {now.steps}"
    )
    st.button(
        "Stop",
        icon=":material/stop:",
        key="gallery_stop",
        disabled=stopping,
        on_click=guarded(task.stop, place),
        args=(runs_root(), now),
        help="Ends it without a result; what was there before stays.",
    )
    notice(place)
