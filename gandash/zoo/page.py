"""The zoo as a page of the documentation.

What each shipped checkpoint shows, its samples and its figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from gandash import checkpoints
from gandash.checkpoints import Card, Checkpoint, samples, weights
from gandash.checkpoints.scores import Evaluation, Gauges, GeneralFigures, TranslationFigures
from gandash.evaluation import classifiers, seeds, translations
from gandash.pictures import raster
from gandash.storage.files import write_whole
from gandash.zoo import entries

SEED = 0
COLUMNS = 16
ROWS = 4
PAGE = "zoo.md"
PICTURES = "zoo"
HEAD = f"""# The zoo

What ships in `pretrained/`. Each picture holds the first {COLUMNS * ROWS} samples of seed {SEED},
none left out; of a generator that is told the class, the classes come in turn. Of a translator it
holds pairs that it has not seen: sources, translations, true targets.
`python -m gandash zoo train NAME` trains an entry anew, exports and measures it, and
`python -m gandash zoo document` writes this page.

"""
COLUMN_TITLES = (
    "",
    "step",
    "Fréchet ↓",
    "kernel ↓",
    "precision ↑",
    "recall ↑",
    "density ↑",
    "coverage ↑",
    "memorization",
)


FIGURES = ("frechet", "kernel", "precision", "recall", "density", "coverage", "memorization")


def write(pretrained: Path, docs: Path) -> Path:
    """Write the page and its pictures below ``docs`` for the zoo's checkpoints in ``pretrained``.

    Returns the page.
    """
    by_name = {checkpoint.name: checkpoint for checkpoint in checkpoints.find(pretrained)[0]}
    shipped = [by_name[name] for name in entries.ZOO if name in by_name]
    parts = []
    by_data: dict[str, list[Checkpoint]] = {}
    for checkpoint in shipped:
        by_data.setdefault(checkpoint.card.data.title, []).append(checkpoint)
    for title, members in by_data.items():
        table = _table(
            members,
            classifiers.gauges(pretrained / "classifiers", members[0].card.config.data.dataset),
        )
        parts.append(
            f"## {title}\n\n{table}\n{_arms(members)}" + "\n".join(map(_described, members))
        )
        for checkpoint in members:
            picture = raster.encode(_picture(checkpoint))
            write_whole(docs / PICTURES / f"{checkpoint.name}.webp", picture)
    write_whole(docs / PAGE, (HEAD + "\n".join(parts)).encode())
    return docs / PAGE


def _picture(checkpoint: Checkpoint) -> raster.Pixels:
    """The first samples; of a translator a column an example: source, translation, target."""
    if checkpoint.card.data.kind.latent:
        G = weights.load_generator(checkpoint)
        return samples.picture(checkpoint, G, SEED, COLUMNS * ROWS, COLUMNS)
    source, target = weights.load_examples(checkpoint)[:COLUMNS].unbind(1)
    made = translations.translated(weights.load_translator(checkpoint).there, source)
    return raster.grid(torch.cat([source, made, target]), len(source))


def _table(members: list[Checkpoint], gauges: Gauges) -> str:
    """Figures of those that are measured, by the protocol that they share.

    Nothing where there are none.
    """
    cards = [it.card for it in members]
    rows = [(it.title, it.choice, it.measured) for it in cards if it.measured is not None]
    if not rows:
        return ""
    measured = [figures for _, _, figures in rows]
    protocols = {figures.protocol for figures in measured}
    if len(protocols) > 1:
        raise ValueError(
            f"Figures in one table must share a protocol, and those of {rows[0][0]!r} and others "
            "have "
            f"{' and '.join(sorted(map(str, protocols)))}: measure them all anew with python -m "
            "gandash evaluate"
        )
    protocol = protocols.pop()
    if gauges.real is not None and gauges.real.protocol == protocol:
        rows.append(("*training images*", "", gauges.real))
    lines = _lines(COLUMN_TITLES, [(title, step, *_cells(it)) for title, step, it in rows])
    noises = sorted({figures.about_noise for figures in measured})
    notes = [f"Measured on {protocol}.", *noises, _chosen(cards), *gauges.beside(protocol)]
    return f"{lines}\n\n" + "".join(f"- {note}\n" for note in notes if note)


def _chosen(cards: Sequence[Card]) -> str:
    """What it means where best and last steps stand in one table."""
    if not any(card.last_step and card.chosen_on == "test" for card in cards):
        return ""
    return (
        "A best step chosen on the test split has the least distance to the very images that its "
        "figures are measured against, which flatters it beside a last one."
    )


def _arms(members: list[Checkpoint]) -> str:
    """Arms of label smoothing over their seeds, where there are several of both."""
    tables = seeds.over_seeds([checkpoint.card for checkpoint in members])
    parts = []
    for training, _, table in tables:
        lines = _lines(list(table.columns), table.astype(str).to_numpy().tolist())
        said = (
            "mean ± standard deviation over seeds of the training, each measured as above; what "
            "differs by no more may be chance"
        )
        parts.append(f"Arms of label smoothing ({training}), {said}:\n\n{lines}\n\n")
    return "".join(parts)


def _lines(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown: the first column to the left, figures to the right."""
    lines = [f"| {' | '.join(titles)} |", "| --- |" + " --: |" * (len(titles) - 1)]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def _cells(figures: Evaluation | GeneralFigures) -> tuple[str, ...]:
    return tuple(figures.shown(name) if hasattr(figures, name) else "" for name in FIGURES)


def _of_translations(figures: TranslationFigures) -> str:
    """Figures of a translator in a sentence."""
    back = "" if figures.back is None else f"; back: {figures.back}"
    return (
        f"On {figures.pairs:,} pairs of the {figures.split} split: {figures.there}{back}; sources "
        f"copied as they are: {figures.copied}. ± is the standard error over pairs."
    )


def _described(checkpoint: Checkpoint) -> str:
    card = checkpoint.card
    measured = "" if card.translation is None else f"{_of_translations(card.translation)}\n"
    return (
        f"### {card.title}\n\n{card.note} `{card.name}`, {card.stand}; {card.seconds / 60:.0f} "
        "minutes on "
        f"{card.device}.\n"
        f"Trained on {card.data.title}: {card.data.licence}.\n{measured}\n"
        f'<img src="{PICTURES}/{card.name}.webp" width="768" alt="Samples of {card.title}">\n'
    )
