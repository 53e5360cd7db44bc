"""Translate: images into images, drawn, chosen or opened, by the visitor's browser."""

from __future__ import annotations

import streamlit as st

from gandash import browser
from gandash.app import cached
from gandash.app.assets import publish
from gandash.app.parts import choose, page, score_tables
from gandash.app.parts.in_browser import in_browser
from gandash.checkpoints import Checkpoint

ARROWS = ("→", "↔")


def sides_of(checkpoint: Checkpoint) -> tuple[str, str]:
    """What a translator's source and target are called."""
    title = checkpoint.card.data.title
    for arrow in ARROWS:
        if arrow in title:
            source, _, target = title.partition(arrow)
            return _named(source.rpartition(", ")[2]), _named(target)
    return "Source", "Target"


def _named(side: str) -> str:
    side = side.strip()
    return side[:1].upper() + side[1:]


def desk(checkpoint: Checkpoint) -> None:
    """The image that is translated and what becomes of it, under the pen."""
    card = checkpoint.card
    source, target = sides_of(checkpoint)
    in_browser(
        "translate",
        "translate/translate.js",
        "mountTranslate",
        "translate/translate.css",
        {
            "name": checkpoint.name,
            "title": card.title,
            "shape": card.data.shape[1:],
            "both": card.config.translation.translator == "cyclegan",
            "lines": "edges" in card.data.name,
            "source": source,
            "target": target,
            "examples": publish(cached.examples(checkpoint), "safetensors"),
            "worker": publish(browser.joined("runtime/worker.js").encode(), "js"),
        },
        key=f"translate_desk_{checkpoint.name}",
    )


def figures(found: list[Checkpoint]) -> None:
    """What was measured of the translators on the test pairs, beside copying the source."""
    measured = [checkpoint for checkpoint in found if checkpoint.card.translation]
    if not measured:
        return
    page.section("Figures")
    for task, table in score_tables.translations([each.card for each in measured]).items():
        st.markdown(f"**{task}**")
        st.dataframe(table, hide_index=True)
    st.caption(
        "Over test pairs that no training saw. **L1** is the mean absolute difference of pixels "
        "from the true target, in levels of 255; **PSNR** that as a ratio, in decibels; both with "
        "their standard error over pairs. **Label kept** is how often the project's classifier "
        "finds the pair's class in the translation, **Fréchet** the distance of its features from "
        "those of the true targets. Copying the source is what no translation at all would score."
    )


page.header("Translate")
found = page.translators_or_stop()
titles = choose.titles_of(found)
left, right = st.columns([1, 2], vertical_alignment="bottom", gap="medium")
with left:
    name = choose.one("Translator", titles, "translate_checkpoint")
checkpoint = next(each for each in found if each.name == name)
right.markdown(checkpoint.card.note)
with page.one_sentence():
    desk(checkpoint)
figures(found)
with st.expander("What am I looking at?", icon=":material/school:"):
    st.markdown(
        "**pix2pix** learns from pairs: G translates the first image, D sees the source beside a "
        "true or a made target and judges every patch, and G also pays for each pixel's distance "
        "from the true target. Distance alone gives blurs, D alone gives details that need not "
        "fit (Isola et al. 2017).\n\n"
        "**CycleGAN** has no pairs, only two piles of images. Two G translate there and back; D "
        "asks of each result whether it could lie on the other pile, and what comes back must be "
        "what went (Zhu et al. 2017). Nothing says *which* target belongs to a source: watch what "
        "it keeps and what it changes.\n\n"
        "Train one on **Train** (the presets *Lines into clothes* and *Lines and clothes without "
        "pairs*), or on your own pairs with `gandash train --dataset pairs:FOLDER --translator "
        "pix2pix`: a folder with A and B, or of pictures side by side."
    )
