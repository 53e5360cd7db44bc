"""Another name for a run: its folder and its card."""

from __future__ import annotations

from gandash.checkpoints.card import CARD, load_card, write_card
from gandash.runs.folder import Run, check_new


def rename(run: Run, name: str) -> Run:
    """Give a run that nobody trains another name, and its card with it.

    ``ValueError`` if the name is not allowed or taken.
    """
    renamed = Run(run.folder.parent / check_new(run.folder.parent, name))
    card = load_card(run.folder) if (run.folder / CARD).exists() else None
    (run.folder / CARD).unlink(missing_ok=True)  # cut off in here it is a run without a card
    run.folder.rename(renamed.folder)
    if card is not None:
        title = name if card.title == card.name else card.title
        write_card(renamed.folder, card.model_copy(update={"name": name, "title": title}))
    return renamed
