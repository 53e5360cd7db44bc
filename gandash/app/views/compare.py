"""Compare: checkpoints at the same z and their figures within one protocol, and objectives."""

from __future__ import annotations

import streamlit as st

from gandash import browser
from gandash.app import cached
from gandash.app.assets import publish
from gandash.app.parts import choose, links, page, under_one_budget
from gandash.app.parts.figures import figures
from gandash.app.parts.in_browser import in_browser
from gandash.app.parts.quoted import in_html
from gandash.app.parts.save_picture import save_picture
from gandash.browser.page.writing import facts
from gandash.checkpoints import Checkpoint

MOST, FEWEST_SEEDS, MOST_SEEDS = 12, 4, 24
SAMPLES, PER_ROW, IN_ROW = 36, 6, 4  # of what is drawn without pixels


def chosen_of(found: list[Checkpoint]) -> tuple[list[Checkpoint], int, int]:
    """What is compared: checkpoints, the first seed, and how many seeds."""
    left, middle, right = st.columns([4, 1, 2], vertical_alignment="bottom")
    titles = choose.titles_of(found)
    with left:
        names = choose.many(
            "Checkpoints",
            titles,
            "compare_checkpoints",
            default=list(titles)[:4],
            most=MOST,
        )
    seed = middle.number_input(
        "First seed",
        0,
        page.LARGEST_SEED,
        0,
        1,
        key="compare_seed",
        bind=links.whole("compare_seed", 0, page.LARGEST_SEED),
    )
    count = right.slider(
        "Seeds",
        FEWEST_SEEDS,
        MOST_SEEDS,
        10,
        key="compare_count",
        bind=links.whole("compare_count", FEWEST_SEEDS, MOST_SEEDS),
    )
    by_name = {checkpoint.name: checkpoint for checkpoint in found}
    return [by_name[name] for name in names], int(seed), int(count)


def matrix(chosen: list[Checkpoint], seed: int, count: int) -> None:
    """Images in the visitor's browser: a row a checkpoint, a column a seed."""
    in_browser(
        "compare",
        "compare/compare.js",
        "mountCompare",
        "compare/compare.css",
        {
            "checkpoints": [facts(checkpoint.card) for checkpoint in chosen],
            "seed": seed,
            "count": count,
            "worker": publish(browser.joined("runtime/worker.js").encode(), "js"),
            "parameter": "compare_",
        },
        key="compare_matrix",
    )


def points(chosen: list[Checkpoint], seed: int) -> None:
    """Samples without pixels, a picture a checkpoint, drawn by the server."""
    pictures = []
    for places in (chosen[n : n + IN_ROW] for n in range(0, len(chosen), IN_ROW)):
        for column, checkpoint in zip(st.columns(IN_ROW), places, strict=False):
            with column, page.one_sentence():
                card = checkpoint.card
                says = f"seed {seed}, {card.data.kind.caption(SAMPLES)}"
                content = cached.sample_grid(checkpoint, seed, SAMPLES, PER_ROW)
                pictures.append(content)
                picture = cached.image_html(content, f"{card.title}, {says}", card.data.kind)
                st.html(f'{picture}<p class="gd-sub">{in_html(card.title)} · {in_html(says)}</p>')
    save_picture(pictures, f"points-seed-{seed}", "compare_save")


def checkpoints() -> None:
    """Checkpoints at the same z, and their figures."""
    chosen, seed, count = chosen_of(page.checkpoints_or_stop())
    images = [checkpoint for checkpoint in chosen if checkpoint.card.data.kind.pixels]
    others = [checkpoint for checkpoint in chosen if checkpoint not in images]
    if images:
        matrix(images, seed, count)
    points(others, seed)
    if chosen:
        figures(chosen)
    else:
        st.info("Choose at least one checkpoint above.", icon=":material/arrow_upward:")
    with st.expander("What am I looking at?", icon=":material/school:"):
        st.markdown(
            "Every column is one seed: generators of the same latent size get the **same z**, so "
            "what differs within a column is what their trainings made of it. **z ×** moves all "
            "of them towards the middle of the latent space (bland, and safe) or away from it. A "
            "cell opens in Latent space at its place. The figures are means over three sample "
            "seeds ± their standard deviation: a difference smaller than that is noise."
        )


SHOWN = {
    "Checkpoints": checkpoints,
    "Objectives": under_one_budget.shown,
}
page.header("Compare")
what = choose.at_once("What to compare", list(SHOWN), "compare_what", label_visibility="collapsed")
SHOWN[what]()
