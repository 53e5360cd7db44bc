"""The latent studio, one component: it runs generators in the visitor's browser."""

from __future__ import annotations

from collections.abc import Sequence

from gandash import browser
from gandash.app import cached
from gandash.app.assets import publish
from gandash.app.hosting import limits
from gandash.app.parts.in_browser import in_browser
from gandash.browser.page.writing import facts
from gandash.checkpoints import Checkpoint


def studio(found: Sequence[Checkpoint]) -> None:
    """Show the studio over these checkpoints; its state is in the link, with ``latent_`` before."""
    data = {
        "checkpoints": [_facts(checkpoint) for checkpoint in found],
        "takesImages": limits().uploads != "off",
        "worker": publish(browser.joined("runtime/worker.js").encode(), "js"),
    }
    in_browser(
        "studio",
        "studio/in_app.js",
        "mountStudio",
        "studio/studio.css",
        data,
        key="latent_studio",
    )


def _facts(checkpoint: Checkpoint) -> dict[str, object]:
    """What the studio is told of a checkpoint here: also whether it has directions toward the
    classes of its data.
    """
    told = checkpoint.card.config.labels.told
    toward = not told and not cached.not_classified(checkpoint)
    return {**facts(checkpoint.card), "toward": toward}
