"""Facts about checkpoints in words."""

from __future__ import annotations

from gandash.checkpoints import Card
from gandash.config import ARCHITECTURES, tricks


def kind_of(card: Card) -> str:
    """How many samples of which size the data has."""
    facts = card.data
    if card.imported:
        return facts.kind.size(facts.shape)
    return facts.kind.extent(facts.images, facts.shape)


def epochs_of(card: Card) -> str:
    """Epochs trained, and of how many where the run was not finished or the weights are those of
    its best step.
    """
    if card.imported:
        return "imported"
    if not card.step:
        return "untrained"
    done, planned = (
        f"{card.epochs:.1f}".removesuffix(".0"),
        card.config.total_steps(card.data.images),
    )
    epochs = f"{done} of {card.epochs * planned / card.step:.0f} epochs"
    if card.last_step and card.step < planned:
        return (
            f"{epochs} (best step)" if card.last_step >= planned else f"{epochs} (best step so far)"
        )
    if card.step < planned:
        return epochs
    return "1 epoch" if done == "1" else f"{done} epochs"


def recipe(card: Card) -> str:
    """Objective and tricks; of imported weights the network alone."""
    if card.imported and card.imported.generator:
        return f"Layers of its own: {card.imported.reading}"
    if card.imported:
        return ARCHITECTURES[card.config.network.architecture].title
    return tricks.summary(card.config)


def origin(card: Card) -> str:
    """What trained the weights, or where they were brought in from."""
    if card.imported:
        return f"From {card.imported.file}; how it was trained is not known"
    trained = f"Trained in {duration(card.seconds)} on {card.device}"
    if not card.alone:
        return trained
    updates = "update" if card.alone == 1 else "updates"
    return f"{trained}, with {card.alone:,} {updates} of one player alone, by hand"


def duration(seconds: float) -> str:
    """Seconds as the two largest units that matter."""
    minutes, hours = seconds / 60, seconds / 3600
    if hours >= 1:
        return f"{int(hours)} h {int(minutes % 60)} min"
    return f"{int(minutes)} min {int(seconds % 60)} s" if minutes >= 1 else f"{seconds:.0f} s"


def roughly(seconds: float) -> str:
    """Seconds as one would guess them: by 1 up to ten, by 5 up to a minute, by 10 above."""
    unit = next(unit for most, unit in ((10, 1), (60, 5), (float("inf"), 10)) if seconds <= most)
    return duration(max(1, unit * round(seconds / unit))).removesuffix(" 0 s")
