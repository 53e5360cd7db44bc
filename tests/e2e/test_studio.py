"""The latent studio in a real browser: what it shows is what torch makes, and the server hears
nothing of the hand.
"""

from __future__ import annotations

import itertools
import math
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

from gandash import checkpoints, latent, runs
from gandash.checkpoints import Checkpoint, weights
from gandash.config import Config
from gandash.data import to_uint8
from gandash.evaluation import class_directions
from gandash.runs import execution
from gandash.storage.paths import PROJECT
from tests.e2e.conftest import serve, visit
from tests.e2e.test_browser import frames_sent

pytestmark = pytest.mark.browser
READY = ".studio-root[data-ready=true]"
SIZE = 16
REST_MS = 900  # after which the link has followed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]) -> Path:
    """Two checkpoints of one latent size, one of another, one of classes, one with attention, and a
    shipped one with the classifier for its data.
    """
    root = tmp_path_factory.mktemp("studio") / "pretrained"
    tiny = {"latent_dim": 8, "g_width": 4, "d_width": 4}
    networks: dict[str, dict[str, Any]] = {
        "plain": {}, "seeded": {"seed": 5}, "larger": {"network": tiny | {"latent_dim": 12}},
        "by-class": {"labels": {"conditioning": "concat", "g_labels": "batch-norm"}},
        "attentive": {"network": tiny | {"attention": 8}},
        "styled": {"network": tiny | {"architecture": "style", "g_norm": "none", "d_norm": "none"}},
    }  # fmt: skip
    for name, changes in networks.items():
        list(execution.execute(runs.create(root, tiny_config(**changes), name)))
    shipped = PROJECT / "pretrained"
    shutil.copytree(shipped / "mnist-half-dcgan-seed-0", root / "digits")
    card = (root / "digits" / "card.json").read_text()
    renamed = card.replace('"mnist-half-dcgan-seed-0"', '"digits"')
    (root / "digits" / "card.json").write_text(renamed)
    (root / "classifiers").mkdir()
    shutil.copy(shipped / "classifiers" / "mnist.safetensors", root / "classifiers")
    return root


@pytest.fixture(scope="module")
def site(folder: Path) -> Any:
    with serve(folder, folder.parent / "runs") as url:
        yield url


def open_studio(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(READY).wait_for()


def shown(canvas: Locator) -> np.ndarray[Any, Any]:
    """The gray pixels of a canvas."""
    values = canvas.evaluate(
        "it => Array.from(it.getContext('2d').getImageData(0, 0, it.width, it.height).data)"
    )
    return np.array(values, dtype=int).reshape(SIZE, SIZE, 4)[..., 0]


def made(folder: Path, name: str, z: torch.Tensor, label: int | None = None) -> Any:
    """What torch makes of z (d,)."""
    found = checkpoints.Checkpoint(folder / name, checkpoints.load_card(folder / name))
    G = weights.load_generator(found)
    return latent.generate(G, z[None], label)[0, 0].numpy().astype(int)


def seed(number: int, size: int = 8) -> torch.Tensor:
    return latent.draw(number, 1, size)[0]


def check(canvas: Locator, expected: np.ndarray[Any, Any]) -> None:
    """Within 2/255, as weights of full precision travel rounded to half of it."""
    expect(canvas).to_have_attribute("data-drawn", re.compile(r"\d"))
    canvas.page.wait_for_timeout(300)
    assert np.abs(shown(canvas) - expected).max() <= 2
    assert expected.std() > 0


def test_a_link_of_the_first_version_opens_its_walk(page: Page, site: str, folder: Path) -> None:
    """Frame 5 of 9 between two seeds, straight: the mean of both vectors."""
    open_studio(
        page,
        f"{site}/latent?latent_checkpoint=plain&latent_a=3&latent_b=4&latent_steps=9"
        "&latent_path=lerp&latent_frame=4",
    )
    check(page.locator(".path .stage canvas"), made(folder, "plain", (seed(3) + seed(4)) / 2))
    expect(page.get_by_role("button", name="Path", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


def test_the_hand_moves_the_point_and_the_server_hears_nothing(
    page: Page, site: str, folder: Path, browser: Browser
) -> None:
    sent = frames_sent(page)
    open_studio(page, f"{site}/latent?latent_checkpoint=plain")
    page.wait_for_timeout(1500)
    before = len(sent)
    surface = page.locator(".surface")
    canvas = surface.locator("canvas")
    drawn = int(str(canvas.get_attribute("data-drawn")))
    box = surface.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 9, box["y"] + 9)
    page.mouse.down()
    for step in range(40):
        page.mouse.move(box["x"] + 9 + step * 5, box["y"] + 9 + step * 3)
    page.mouse.move(box["x"] + box["width"] * 2, box["y"] - 50)
    page.mouse.up()
    page.wait_for_timeout(REST_MS)
    assert len(sent) == before
    assert int(str(canvas.get_attribute("data-drawn"))) > drawn + 5
    check(canvas, made(folder, "plain", seed(14)))  # the corner at the top right
    expect(page).to_have_url(re.compile("latent_x=1&latent_y=0"))
    surface.focus()
    for key in ["4", "ArrowLeft", "ArrowUp", "Shift+ArrowLeft"]:
        page.keyboard.press(key)
    page.wait_for_timeout(REST_MS)
    expect(page).to_have_url(re.compile(r"latent_x=0\.89&latent_y=0\.99"))
    assert len(sent) == before
    other = visit(browser)
    open_studio(other, page.url)
    expect(other.locator(".surface canvas")).to_have_attribute("data-drawn", re.compile(r"\d"))
    other.wait_for_timeout(300)
    assert np.array_equal(shown(other.locator(".surface canvas")), shown(canvas))
    other.context.close()


@pytest.mark.parametrize(
    "page",
    [{"has_touch": True, "viewport": {"width": 390, "height": 844}, "reduced_motion": "reduce"}],
    indirect=True,
)
def test_a_finger_moves_the_point_on_a_phone(page: Page, site: str, folder: Path) -> None:
    open_studio(page, f"{site}/latent?latent_checkpoint=plain&latent_plane=bilinear")
    surface = page.locator(".surface")
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    assert box is not None
    assert box["width"] > 300, "the picture comes first"
    page.touchscreen.tap(box["x"] + 12, box["y"] + box["height"] - 12)
    page.wait_for_timeout(REST_MS)
    match = re.search(r"latent_x=([\d.]+)&latent_y=([\d.]+)", page.url)
    assert match is not None
    x, y = (float(value) for value in match.groups())
    assert (x < 0.1, y > 0.9) == (True, True)
    corners = [seed(number) for number in (21, 14, 3, 7)]
    factors = [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y]
    z = sum(factor * corner for factor, corner in zip(factors, corners, strict=True))
    assert isinstance(z, torch.Tensor)
    check(surface.locator("canvas"), made(folder, "plain", z))
    assert page.evaluate("document.documentElement.scrollWidth") <= 391


def logit(folder: Path, name: str, z: torch.Tensor) -> float:
    """What torch's D says of what torch's G makes of z (d,)."""
    found = checkpoints.Checkpoint(folder / name, checkpoints.load_card(folder / name))
    G = weights.load_generator(found)
    D = weights.load_discriminator(found)
    with torch.inference_mode():
        return float(D(G(z[None])))


def test_d_says_what_torchs_d_says(page: Page, site: str, folder: Path) -> None:
    """Under each of the linked pads; it can be turned off, and the link remembers."""
    open_studio(page, f"{site}/latent?latent_checkpoint=plain&latent_x=1&latent_y=0")
    share = 1 / (1 + math.exp(-logit(folder, "plain", seed(14))))
    expect(page.locator(".opinion output")).to_contain_text(f"D(G(z)) {share:.3f}"[:-1])
    page.locator(".surface").focus()
    page.keyboard.press("1")
    share = 1 / (1 + math.exp(-logit(folder, "plain", seed(21))))
    expect(page.locator(".opinion output")).to_contain_text(f"D(G(z)) {share:.3f}"[:-1])
    page.get_by_role("button", name="Linked pads").click()
    page.get_by_label("seeded").check()
    expect(page.locator(".opinion output")).to_have_count(2)
    share = 1 / (1 + math.exp(-logit(folder, "seeded", seed(21))))
    expect(page.locator(".opinion output").nth(1)).to_contain_text(f"D(G(z)) {share:.3f}"[:-1])
    page.get_by_label("D’s opinion").uncheck()
    expect(page.locator(".opinion")).to_have_count(0)
    expect(page).to_have_url(re.compile("latent_opinion=0"))


def test_d_has_no_opinion_where_the_server_draws(page: Page, site: str) -> None:
    open_studio(page, f"{site}/latent?latent_checkpoint=attentive")
    expect(page.locator(".opinion output")).to_contain_text("D has no opinion here: ")


def test_nearest_training_images_are_looked_for_on_a_press_alone(page: Page, site: str) -> None:
    asked: list[str] = []
    page.on("request", lambda it: asked.append(it.url) if it.url.endswith("/nearest") else None)
    open_studio(page, f"{site}/latent?latent_checkpoint=plain")
    surface = page.locator(".surface")
    surface.focus()
    for key in ["1", "ArrowRight", "4", "2"]:
        page.keyboard.press(key)
    page.wait_for_timeout(REST_MS)
    assert not asked
    page.get_by_role("button", name="Nearest training images").click()
    expect(page.locator(".near-row img")).to_have_count(5)
    assert len(asked) == 1
    assert page.locator(".near-row img").first.evaluate("it => it.naturalWidth") > 0
    surface.press("1")
    expect(page.locator(".nearest.late")).to_be_visible()
    page.get_by_role("button", name="Path", exact=True).click()
    expect(page.locator(".near-row")).to_have_count(0)
    assert len(asked) == 1


def test_dimensions_are_ranked_by_how_far_the_picture_moves(
    page: Page, site: str, folder: Path
) -> None:
    open_studio(page, f"{site}/latent?latent_checkpoint=plain&latent_x=0&latent_y=0")
    page.get_by_role("button", name="Numbers").click()
    page.get_by_role("button", name="Rank all 8").click()
    sliders = page.get_by_label(re.compile(r"^z\[\d\]$"))
    expect(sliders).to_have_count(8)
    effects = [effect(folder, place) for place in range(8)]
    ranked = [int(str(it.get_attribute("aria-label"))[2]) for it in sliders.all()]
    found = [effects[place] for place in ranked]
    assert all(a > b - 0.2 for a, b in itertools.pairwise(found)), "rounded pixels may tie"
    assert found[0] == pytest.approx(max(effects), abs=0.2)
    sliders.first.fill("2.5")
    z = seed(21)
    z[ranked[0]] = 2.5
    check(page.locator(".surface canvas"), made(folder, "plain", z))
    page.wait_for_timeout(REST_MS)
    expect(page).to_have_url(re.compile(f"latent_dims={ranked[0]}%3A2.5"))
    page.reload()
    page.locator(READY).wait_for()
    expect(sliders).to_have_count(1)  # what was set is kept, the ranking is not
    check(page.locator(".surface canvas"), made(folder, "plain", z))


def test_directions_toward_classes_are_found_and_kept_in_the_link(
    page: Page, site: str, folder: Path
) -> None:
    """What the link says is the same picture for another visitor: the vector that torch has too."""
    open_studio(page, f"{site}/latent?latent_checkpoint=digits&latent_x=0&latent_y=0")
    page.get_by_role("button", name="Classes").click()
    page.get_by_role("button", name="Find them").click()
    expect(page.get_by_label("To 9")).to_be_visible()
    page.get_by_label("To 9").fill("2.5")
    page.wait_for_timeout(REST_MS)
    expect(page).to_have_url(re.compile("latent_toward=0%2C0%2C0%2C0%2C0%2C0%2C0%2C0%2C0%2C2.5"))
    found = checkpoints.Checkpoint(folder / "digits", checkpoints.load_card(folder / "digits"))
    *_, told = class_directions.find(folder.parent / "runs", found, folder / "classifiers")
    assert isinstance(told, class_directions.ClassDirections)
    z = seed(21, 32) + 2.5 * told.directions[9]
    expected = made(folder, "digits", z)
    page.reload()
    page.locator(READY).wait_for()
    page.wait_for_timeout(300)
    pixels = page.locator(".surface canvas").evaluate(
        "it => Array.from(it.getContext('2d').getImageData(0, 0, 32, 32).data)"
    )
    assert np.abs(np.array(pixels).reshape(32, 32, 4)[..., 0] - expected).max() <= 2
    page.get_by_label("Checkpoint", exact=True).select_option("plain")
    expect(page.get_by_role("button", name="Numbers")).to_be_visible()
    expect(page.get_by_role("button", name="Classes")).to_have_count(0)


def test_an_image_of_ones_own_is_found_and_kept(
    page: Page, site: str, folder: Path, tmp_path: Path
) -> None:
    """A picture that the generator has made, enlarged: nearly that one is found again."""
    picture = made(folder, "digits", seed(1000, 32)).astype(np.uint8)
    Image.fromarray(picture).resize((96, 96), Image.Resampling.NEAREST).save(tmp_path / "it.png")
    (tmp_path / "none.png").write_bytes(b"no image")
    open_studio(page, f"{site}/latent?latent_checkpoint=digits")
    page.get_by_role("button", name="Own image").click()
    chosen = page.locator(".own input[type=file]")
    chosen.set_input_files(tmp_path / "none.png")
    expect(page.locator(".notice")).to_contain_text("none.png is no image that this browser can")
    chosen.set_input_files(tmp_path / "it.png")
    page.get_by_role("button", name="Find it").click()
    expect(page.locator(".own .reading")).to_contain_text("It is in the tray.")
    decibels = re.search(r"Found: ([\d.]+) dB", page.locator(".own .reading").inner_text())
    assert decibels is not None
    assert float(decibels.group(1)) >= 25
    expect(page.locator(".tray .tile")).to_have_count(7)
    expect(page.get_by_role("button", name="Replay")).to_be_visible()
    found = (
        page.locator(".own canvas")
        .nth(1)
        .evaluate("it => Array.from(it.getContext('2d').getImageData(0, 0, 32, 32).data)")
    )
    error = np.array(found).reshape(32, 32, 4)[..., 0] - picture.astype(int)
    assert 10 * np.log10(255**2 / np.square(error).mean()) >= 25


def test_a_drawn_and_a_real_image_are_looked_for(page: Page, site: str) -> None:
    open_studio(page, f"{site}/latent?latent_checkpoint=plain&latent_view=own")
    canvas = page.locator(".own .drawable")
    find = page.get_by_role("button", name="Find it")
    expect(find).to_be_disabled()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 3 / 4, steps=5)
    page.mouse.up()
    drawn = shown(canvas)
    assert drawn[8, 8] > 120
    assert drawn[0].max() == drawn[:, 0].max() == 0
    expect(find).to_be_enabled()
    page.get_by_role("button", name="Clear").click()
    expect(find).to_be_disabled()
    page.get_by_role("button", name="A real one").click()
    expect(find).to_be_enabled()
    assert shown(canvas).max() > 0
    find.click()
    expect(page.locator(".own .reading")).to_contain_text("in the tray.")
    expect(page.locator(".tray .tile")).to_have_count(7)


def effect(folder: Path, place: int) -> float:
    """How far pixels move between two values of a number of z, over four seeds."""
    moved = []
    for number in range(4):
        ends = []
        for value in (-2.0, 2.0):
            z = seed(number)
            z[place] = value
            ends.append(made(folder, "plain", z))
        moved.append(np.sqrt(np.square(ends[0] - ends[1]).mean()))
    return float(np.mean(moved))


def test_linked_pads_follow_one_pointer(page: Page, site: str, folder: Path) -> None:
    open_studio(page, f"{site}/latent?latent_checkpoint=plain&latent_view=linked")
    fitting = page.locator(".picker label")
    expect(fitting).to_have_count(4)  # not the one of 12 numbers, and not itself
    page.get_by_label("seeded").check()
    canvases = page.locator(".surface canvas")
    expect(canvases).to_have_count(2)
    page.locator(".surface").nth(1).click(position={"x": 40, "y": 40})
    page.wait_for_timeout(REST_MS)
    page.locator(".surface").nth(1).focus()
    page.keyboard.press("1")
    for canvas, name in zip(canvases.all(), ["plain", "seeded"], strict=True):
        check(canvas, made(folder, name, seed(21)))
    expect(page).to_have_url(re.compile("latent_linked=seeded"))


def test_arithmetic_variants_and_the_tray(page: Page, site: str, folder: Path) -> None:
    """A - B + C by keys; what is kept has its place in the tray and in the link."""
    open_studio(page, f"{site}/latent?latent_checkpoint=plain&latent_view=arithmetic")
    z = seed(21) - seed(14) + seed(3)
    check(page.locator(".arithmetic .stage canvas"), made(folder, "plain", z))
    page.locator(".tray .tile").nth(3).press("Enter")
    page.get_by_role("button", name="Add to C").press("Enter")
    z = seed(21) - seed(14) + (seed(3) + seed(7)) / 2
    check(page.locator(".arithmetic .stage canvas"), made(folder, "plain", z))
    page.get_by_role("button", name="Keep").click()
    expect(page.locator(".tray .tile")).to_have_count(7)
    check(page.locator(".tray .tile canvas").nth(6), made(folder, "plain", z))
    page.get_by_role("button", name="More like this").click()
    expect(page.locator(".nine canvas")).to_have_count(9)
    check(page.locator(".nine canvas").nth(4), made(folder, "plain", z))
    page.wait_for_timeout(REST_MS)
    first = shown(page.locator(".nine canvas").nth(0))
    page.reload()
    page.locator(READY).wait_for()
    expect(page.locator(".tray .tile")).to_have_count(7)
    page.wait_for_timeout(REST_MS)
    assert np.array_equal(shown(page.locator(".nine canvas").nth(0)), first)
    page.locator(".nine .tile").nth(0).click()
    page.wait_for_timeout(REST_MS)
    assert np.array_equal(shown(page.locator(".nine canvas").nth(4)), first)


def test_classes_are_chosen_and_mixed(page: Page, site: str, folder: Path) -> None:
    open_studio(page, f"{site}/latent?latent_checkpoint=by-class")
    page.locator(".surface").focus()
    page.keyboard.press("1")
    check(page.locator(".surface canvas"), made(folder, "by-class", seed(21), 0))
    page.get_by_label("Class", exact=True).select_option("right")
    page.locator(".surface").focus()
    page.keyboard.press("1")
    check(page.locator(".surface canvas"), made(folder, "by-class", seed(21), 1))
    page.get_by_label("Mixed with").select_option("left")
    expect(page.get_by_label("Share of it")).to_be_visible()
    expect(page).to_have_url(re.compile(r"latent_label=1&latent_other=0&latent_mix=0\.5"))


def test_styles_are_drawn_to_their_mean_and_mixed_and_the_link_brings_them_back(
    page: Page, site: str, folder: Path
) -> None:
    checkpoint = checkpoints.load_card(folder / "styled")
    G = weights.load_generator(Checkpoint(folder / "styled", checkpoint))
    z = torch.cat([latent.draw(seed, 1, 8) for seed in (21, 14)])
    mapping, synthesis = G.layers
    with torch.inference_mode():
        w = mapping.mean + 0.5 * (mapping(z) - mapping.mean)
        mixed = to_uint8(synthesis(torch.stack([w[0], w[1], w[1]])[None]))
    wanted = mixed[0, 0].numpy().astype(int)
    open_studio(page, f"{site}/latent?latent_checkpoint=styled")
    page.locator(".surface").focus()
    page.keyboard.press("1")
    picture = page.locator(".surface canvas")
    check(picture, made(folder, "styled", z[0]))
    page.get_by_label("ψ", exact=True).fill("0.5")
    page.get_by_label("Mix with", exact=True).select_option(label="seed 14")
    page.get_by_label("From", exact=True).select_option(label="8 pixels and finer")
    page.wait_for_timeout(REST_MS)
    check(picture, wanted)
    address = page.url
    assert "latent_psi=0.5" in address
    assert "latent_blend=1" in address
    open_studio(page, address)
    check(picture, wanted)
    page.get_by_label("Checkpoint", exact=True).select_option("plain")
    expect(page.get_by_label("ψ", exact=True)).to_have_count(0)


def test_what_the_browser_cannot_run_the_server_makes(page: Page, site: str, folder: Path) -> None:
    open_studio(page, f"{site}/latent?latent_checkpoint=attentive&latent_x=0&latent_y=0")
    expect(page.locator(".status")).to_contain_text("drawn by the server: self-attention")
    check(page.locator(".surface canvas"), made(folder, "attentive", seed(21)))


def test_another_latent_size_keeps_seeds_and_says_what_does_not_fit(
    page: Page, site: str, folder: Path
) -> None:
    open_studio(page, f"{site}/latent?latent_checkpoint=plain")
    page.get_by_role("button", name="Keep").click()
    page.get_by_label("Checkpoint", exact=True).select_option("larger")
    expect(page.locator(".notice")).to_contain_text("Vectors of another length than 12 do not fit")
    page.locator(".surface").focus()
    page.keyboard.press("1")
    check(page.locator(".surface canvas"), made(folder, "larger", seed(21, 12)))


def test_a_blocked_worker_is_done_without(browser: Browser, site: str, folder: Path) -> None:
    page = visit(browser)
    page.add_init_script("window.Worker = class { constructor() { throw new Error('blocked'); } }")
    open_studio(page, f"{site}/latent?latent_checkpoint=plain&latent_x=0&latent_y=0")
    check(page.locator(".surface canvas"), made(folder, "plain", seed(21)))
    page.context.close()


def test_nonsense_in_the_link_is_one_sentence_and_the_page_works(
    page: Page, site: str, folder: Path
) -> None:
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    open_studio(page, f"{site}/latent?latent_checkpoint=../../etc&latent_a=inf&latent_b=14")
    expect(page.locator(".notice")).to_contain_text("checkpoint=../../etc")
    expect(page.locator(".notice")).to_contain_text("“a=inf”, which are not here.")
    assert not problems


def test_a_path_is_saved_as_an_animation(page: Page, site: str) -> None:
    name, first, second = saved_twice(page, site, "GIF")
    assert name == "plain-path.gif"
    assert first[:6] == b"GIF89a"
    assert first == second, "the same link, the same bytes"


def test_a_path_is_saved_as_a_video(page: Page, site: str) -> None:
    name, first, second = saved_twice(page, site, "MP4")
    assert name == "plain-path.mp4"
    assert first[4:8] == b"ftyp"
    assert first == second, "the same link and browser, the same bytes"


def saved_twice(page: Page, site: str, button: str) -> tuple[str, bytes, bytes]:
    """The name and the bytes of a path's file, and those of another visit of the same link."""
    contents = []
    for _ in range(2):
        open_studio(
            page, f"{site}/latent?latent_checkpoint=plain&latent_view=path&latent_seconds=1"
        )
        with page.expect_download() as waiting:
            page.get_by_role("button", name=button).click()
        contents.append(Path(waiting.value.path()).read_bytes())
    return waiting.value.suggested_filename, contents[0], contents[1]
