"""Measured figures on a page, a table for each protocol: across protocols nothing compares."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from gandash.app import cached
from gandash.app.parts import page, score_tables
from gandash.app.parts.quoted import in_markdown
from gandash.checkpoints import Checkpoint
from gandash.checkpoints.scores import Gauges


def figures(checkpoints: Iterable[Checkpoint]) -> bool:
    """The figures of those that are measured, with their spread and what noise and real images
    reach; whether there are any.
    """
    groups = score_tables.by_protocol([checkpoint.card for checkpoint in checkpoints])
    if groups:
        page.section("Figures")
    for protocol, measured in groups.items():
        st.markdown(score_tables.heading(measured[0], protocol))
        of_data = measured[0].evaluation is not None
        gauges = cached.gauges(measured[0].config.data.dataset) if of_data else Gauges()
        st.dataframe(score_tables.table(measured, gauges.real), hide_index=True)
        noises = {card.measured.about_noise for card in measured if card.measured}
        st.caption(in_markdown(" ".join([*sorted(noises), *gauges.beside(protocol)])))
    return bool(groups)
