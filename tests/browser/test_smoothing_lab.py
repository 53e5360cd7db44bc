"""The lab of label smoothing: its formulas against Python's, and that keys move what is shown."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from gandash.theory import mixtures
from gandash.theory.mixtures import mixture_in
from tests.browser.test_latents import called

pytestmark = pytest.mark.browser
DATA, FAKES = "1.5_0.8_1*3_0.3_0.5", "-1.5_1_1"
MOUNT = """async () => {
  const { mountSmoothingLab } = await import("/smoothing/lab.js");
  const root = document.createElement("div");
  root.style.width = "900px";
  document.body.append(root);
  const lab = await mountSmoothingLab(root, { check: null });
  window.lab = lab;
}"""


def test_formulas_are_pythons_and_keys_move_the_peaks(blank: Page) -> None:
    real, fake = mixture_in(DATA), mixture_in(FAKES)
    peaks = [called(blank, "smoothing/theory.js", "readMixture", text) for text in (DATA, FAKES)]
    assert called(blank, "smoothing/theory.js", "readMixture", "7_1_1") is None
    assert called(blank, "smoothing/theory.js", "mixtureText", peaks[0]) == DATA
    for x in (-6.0, -1.5, 0.3, 4.0):
        at = np.array([x])
        for alpha, beta in ((0, 0), (0.1, 0), (0.1, 0.1), (0.4, 0.3)):
            arguments = (*peaks, x, alpha, beta)
            best = mixtures.best_d(at, real, fake, alpha, beta)[0]
            assert called(blank, "smoothing/theory.js", "bestD", *arguments) == pytest.approx(best)
            pull = mixtures.pull(at, real, fake, alpha, beta)[0]
            assert called(blank, "smoothing/theory.js", "pullOf", *arguments) == pytest.approx(
                pull, abs=1e-6
            )
    blank.evaluate(MOUNT)
    said = blank.locator("p[role=status]")
    expect(said).to_contain_text("4.68 with hard labels, 4.68 with α alone, 0.041 with both")
    peak = blank.get_by_role("slider", name="Peak 1 of p_data")
    peak.press("ArrowLeft")
    peak.press("ArrowDown")
    expect(peak).to_have_attribute("aria-valuetext", "mean 1.4, deviation 0.85")
    moved = mixture_in("1.4_0.85_1")
    pull = mixtures.pull(np.array([-1.5]), moved, fake, 0.1, 0.1)[0]
    expect(said).to_contain_text(f"{pull:.3g} with both")
    blank.get_by_role("button", name="+ peak of p_g").click()
    expect(blank.get_by_role("slider", name="Peak 2 of p_g")).to_have_count(1)
    blank.get_by_role("slider", name="Peak 2 of p_g").press("Delete")
    expect(blank.get_by_role("slider", name="Peak 2 of p_g")).to_have_count(0)
