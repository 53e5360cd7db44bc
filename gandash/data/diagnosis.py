"""What was seen of pictures, in words: what they are, and what is to be minded before a run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from gandash.data.doctor import Look

FEW = 1_000  # images: below, a discriminator soon knows them one by one
LOST = 0.05  # of a picture that a crop may lose without a word
SOME = 0.02  # of the pictures that may be alike without a word
TOLD = 50  # pictures of each class that labels need


@dataclass(frozen=True)
class Finding:
    """A fact in a few words, what it means in a sentence, and whether it needs a decision."""

    title: str
    text: str
    minded: bool = False


def findings(look: Look, size: int) -> list[Finding]:
    """What is to be said of pictures that are to be trained on at ``size`` pixels."""
    return [
        *_sides(look, size),
        *_shape(look),
        *_classes(look),
        *_colors(look),
        *_alike(look),
        *_count(look),
    ]


def _sides(look: Look, size: int) -> Iterator[Finding]:
    least, middle, most = look.sides
    width, height = look.common
    if least == most and look.common_share == 1:
        title = f"All are {width}×{height} pixels"
        text = f"They are trained on at {size}×{size}."
    else:
        title = f"Shorter sides of {_range(least, most)} pixels"
        text = (
            f"Half are at least {middle:,}; {look.common_share:.0%} are {width:,}×{height:,}. "
            f"They are trained on at {size}×{size}."
        )
    if least * 1.15 < size:
        text += f" The smallest are enlarged to {size}, which blurs them."
    yield Finding(title, text, minded=middle * 1.15 < size)


def _shape(look: Look) -> Iterator[Finding]:
    if look.crop_most < LOST:
        yield Finding("Square, or nearly so", "A crop loses next to nothing.")
        return
    text = f"Up to {look.crop_most:.0%}. Fit keeps whole pictures and pads them; stretch distorts."
    yield Finding(f"A crop loses {look.crop:.0%} of a picture", text, minded=look.crop > LOST)


def _classes(look: Look) -> Iterator[Finding]:
    if not look.class_count:
        yield Finding("No classes", "Folders with several names would become classes.")
        return
    least, most = look.class_sizes
    title = f"{look.class_count:,} classes of {_range(least, most)} pictures"
    if look.uneven:
        text = f"Uneven: the largest has {most / least:.1f} times the pictures of the smallest."
    else:
        text = "Balanced."
    if least < TOLD:
        text += f" A class of fewer than {TOLD} is hardly learned where G is told labels."
    yield Finding(title, text, minded=look.uneven or least < TOLD)


def _colors(look: Look) -> Iterator[Finding]:
    if look.gray == look.images:
        yield Finding("Gray", "One channel is trained.")
    elif look.gray:
        yield Finding("Color", f"{look.gray:,} of {look.images:,} are gray.")
    else:
        yield Finding("Color", "None is gray.")
    if look.transparent:
        share = look.transparent / look.images
        yield Finding(f"{share:.0%} are transparent", "They stand on the background chosen below.")


def _alike(look: Look) -> Iterator[Finding]:
    among = "" if look.compared + look.copies == look.images else f" among {look.compared:,} drawn"
    if not look.copies and not look.near:
        yield Finding("No two are alike", f"Each was compared with the others{among}.")
        return
    copies = "1 copy" if look.copies == 1 else f"{look.copies:,} copies"
    title = f"{copies}, {look.near:,} nearly alike{among}"
    text = "What is there twice is learned twice as often, and looks like copying later."
    share = (look.copies + look.near) / look.images
    yield Finding(title, text, minded=share > SOME)


def _count(look: Look) -> Iterator[Finding]:
    if look.images < FEW:
        text = "D soon knows them one by one: flips help where left and right are alike."
        yield Finding(f"Few: fewer than {FEW:,}", text, minded=True)
    if look.held_out:
        text = "Those of the folder test or val are never trained on."
        yield Finding(f"{look.held_out:,} held out", text)


def _range(least: int, most: int) -> str:
    return f"{least:,}" if least == most else f"{least:,} to {most:,}"
