"""Images of one's own on the Train page: handed in, looked at to the last one, shown as they will
be trained on, with settings that fit them and the time that these take.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from gandash.app.assets import publish
from gandash.app.hosting import limits
from gandash.app.parts import config_form, words
from gandash.app.parts.config_form import AT_ONCE
from gandash.app.parts.quoted import in_html, in_markdown
from gandash.app.parts.refusals import REFUSALS, guarded, notice, sentence
from gandash.config import Config, DataConfig
from gandash.config import own_images as preset
from gandash.config.presets import PIX2PIX, PRESETS, Preset
from gandash.config.settings import values_of
from gandash.data import SOURCES, uploads
from gandash.data.contents import opened
from gandash.data.diagnosis import findings
from gandash.data.doctor import Look
from gandash.data.draws import draw_evenly
from gandash.data.files import KINDS
from gandash.data.framing import Frame
from gandash.data.pixels import is_gray, recolor
from gandash.data.stacking import stack
from gandash.jobs import timing
from gandash.jobs.timing import Timing
from gandash.kinds import OF_PAIRS, parted
from gandash.pictures.charts import COLORS
from gandash.pictures.raster import encode, grid
from gandash.storage.paths import runs_root
from gandash.training import choose_device

DATASET = "data.dataset"
BESIDE = ("data.size", "data.flips")
SHOWN = (*AT_ONCE, *BESIDE)
"""Settings of the data that stand beside the pictures which they change."""
CROPS, COLUMNS = 24, 8
PLACE = "own"
NEW, KEPT, REFUSED, MINE = "own_new", "own_kept", "own_refused", "own_mine"
TIMED, WANTED = "own_timed", "own_wanted"
MOST_TIMED = 32
LISTED_WIDTH = 460  # pixels
UNKNOWN, MIDDLE = 1_000, 64  # images and their sides, until some are handed in
LOCAL = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True)
class Own:
    """What was handed in under a name, where it lies, and what was seen of it."""

    name: str
    place: Path
    look: Look


def chosen() -> Own | None:
    """The images of one's own that the form's dataset is; None if it is another."""
    name = st.session_state.get(config_form.key_of(DATASET))
    if name not in names():
        return None
    place = uploads.find(runs_root()).get(name) if name else None
    look = uploads.seen(runs_root(), name) if name and place is not None else None
    return Own(str(name), place, look) if place is not None and look is not None else None


def preset_of(name: str) -> Preset:
    """A preset of the form: those that ship, and the one that fits what was handed in."""
    if name != preset.NAME:
        return PRESETS[name]
    prefix, own = parted(str(st.session_state.get(config_form.key_of(DATASET))))
    as_pairs = prefix == OF_PAIRS and own in names()
    return Preset(preset.EXPECT_OF_PAIRS if as_pairs else preset.EXPECT, fitting())


def defaults_of(name: str) -> Config:
    """What the form's widgets hold where a link does not say it: a preset's settings.

    Those that fit what was handed in are not the same for every visitor, and so are in the link.
    """
    return Config() if name == preset.NAME else PRESETS[name].config


def names() -> list[str]:
    """The names of what was handed in that the visitor may train on."""
    kept = list(uploads.find(runs_root()))
    if limits().uploads == "open":
        return kept
    mine = st.session_state.get(MINE, []) if limits().uploads == "private" else []
    return [name for name in kept if name in mine]


def choices() -> dict[str, str]:
    """What may be chosen of it as the dataset, with titles: each as images, and as pairs."""
    titles = _titles()
    as_pairs = {
        f"{OF_PAIRS}{name}": f"{title}, as pairs (A and B, or halves)"
        for name, title in titles.items()
    }
    return titles | as_pairs


def _titles() -> dict[str, str]:
    """What the visitor may train on, by names: as the files were called, and where two were called
    the same, with what tells their names apart.
    """
    looks = {name: uploads.seen(runs_root(), name) for name in names()}
    called = {name: look.title if look else name for name, look in looks.items()}
    counts = Counter(called.values())
    return {
        name: title if counts[title] == 1 else f"{title} ({name.rpartition('-')[2][:4]})"
        for name, title in called.items()
    }


def place_of(dataset: str) -> str:
    """A dataset of the form as a config names it: what was handed in by its path."""
    prefix, name = parted(dataset)
    place = uploads.find(runs_root()).get(name)
    return dataset if place is None else f"{prefix}{place}"


def name_of(dataset: str) -> str:
    """The opposite of :func:`place_of`."""
    prefix, path = parted(dataset)
    found = {str(place): name for name, place in uploads.find(runs_root()).items()}
    return prefix + found.get(path, path)


def names_of_presets() -> list[str]:
    """The presets of the form, that for own images where they may be handed in."""
    return [*PRESETS, *([] if limits().uploads == "off" else [preset.NAME])]


def fitting() -> Config:
    """The settings that fit the images chosen, or plain ones while there are none."""
    own = chosen()
    gpu = choose_device("auto").type != "cpu"
    if own is None:
        return preset.fitting(UNKNOWN, MIDDLE, DataConfig(), gpu=gpu)
    data = DataConfig(dataset=own.name, **{it: _of_form(f"data.{it}") for it in _KEPT_DATA})
    return preset.fitting(own.look.images, own.look.sides[1], data, gpu=gpu)


def for_pairs(dataset: str) -> dict[str, Any]:
    """Settings by name that translate pairs: those of the preset for pix2pix, but for the data, and
    in batches that what was handed in can fill.
    """
    config = PRESETS[PIX2PIX].config
    values = {name: it for name, it in values_of(config).items() if not name.startswith("data.")}
    look = uploads.seen(runs_root(), parted(dataset)[1])
    if look is not None:
        values["batch_size"] = min(config.batch_size, preset.fitting_batch(look.images, gpu=False))
    return values


_KEPT_DATA = ("framing", "background", "flips", "color")


def _of_form(name: str) -> Any:
    default = config_form.FIELDS[name].default
    return st.session_state.get(config_form.key_of(name), default)


def take_kept() -> None:
    """Choose what was just handed in, with the settings that fit it; before the form is made."""
    if (name := st.session_state.pop(KEPT, None)) is None:
        return
    st.session_state[config_form.key_of(DATASET)] = name
    st.session_state["train_preset"] = preset.NAME
    st.session_state.update(config_form.values_of(fitting()))
    st.session_state[WANTED] = True


def hand_in() -> None:
    """Hand in images, where that is allowed: files from the visitor's machine, or a folder of
    one's own.
    """
    if limits().uploads == "off":
        return
    reach = (
        "They are yours alone, as long as this tab is open."
        if limits().uploads == "private"
        else "Everyone who can open this page can train on them."
    )
    with st.expander("Use my own images", icon=":material/add_photo_alternate:"):
        st.file_uploader(
            "A zip, or pictures and arrays as they are",
            list(uploads.ENDINGS),
            accept_multiple_files=True,
            key="train_upload",
            on_change=_remember_new,
            help=f"A zip with folders as classes if you like (train and test are kept apart), "
            f"{KINDS}, .npz and .npy, or a StyleGAN zip with its dataset.json. {reach}",
            max_upload_size=limits().upload_mb,
        )
        if is_local():
            st.text_input(
                "Or a folder of this machine",
                key="own_folder",
                placeholder="/home/me/photographs",
                on_change=_remember_new,
                help="It is read where it lies, each time that a run begins.",
            )
        _take_new()
        if said := st.session_state.get(REFUSED):
            st.warning(said, icon=":material/block:")


def is_local() -> bool:
    """Whether the browser is on the machine of the server, as far as can be told."""
    if limits().public:
        return False
    headers = st.context.headers
    host = headers.get("Host", "").rpartition(":")[0] or headers.get("Host", "")
    forwarded = any(headers.get(name) for name in ("X-Forwarded-For", "Forwarded", "X-Real-Ip"))
    return host in LOCAL and st.context.ip_address is None and not forwarded


def _remember_new() -> None:
    st.session_state[NEW] = True
    st.session_state.pop(REFUSED, None)


def _take_new() -> None:
    """Look at what was just handed in, to the last picture, and choose it; or say why not."""
    if not st.session_state.get(NEW):
        return
    files = st.session_state.get("train_upload") or []
    folder = st.session_state.get("own_folder", "") if is_local() else ""
    bar = st.progress(0.0, "Reading the files")

    def tell(done: int, total: int) -> None:
        bar.progress(done / max(total, 1), f"Looked at {done:,} of {total:,} pictures")

    try:
        if files:
            named = [(file.name, file.getvalue()) for file in files]
            _choose(uploads.keep(runs_root(), named, tell))
        elif folder.strip():
            _choose(uploads.refer(runs_root(), folder, tell))
    except REFUSALS as error:
        st.session_state[REFUSED] = sentence(error)
    bar.empty()
    st.session_state.pop(NEW, None)  # only now: an interrupted look begins anew
    if KEPT in st.session_state:
        st.rerun()


def _choose(name: str) -> None:
    st.session_state[KEPT] = name
    st.session_state[MINE] = [*st.session_state.get(MINE, []), name]


def panel(own: Own, show: Callable[[str], None], config: Config) -> None:
    """What was seen of the images chosen, and 24 of them as they will be trained on."""
    look = own.look
    with st.container(border=True, key="own_panel"):
        held = f", {look.held_out:,} held out" if look.held_out else ""
        st.markdown(f"**{look.images:,} images**{held} · {in_markdown(look.title)}")
        if look.unused:
            _left_out(look)
        _crops(own, config.data)
        with st.container(horizontal=True, gap="medium"):  # below each other where it is narrow
            for name in AT_ONCE:
                show(name)
        for column, name in zip(st.columns(2, vertical_alignment="center"), BESIDE, strict=True):
            with column:
                show(name)
        _findings(look, config.data.size)
        _details(own)
        notice(PLACE)


def _left_out(look: Look) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        total = look.images + look.held_out + look.unused
        st.markdown(
            f":orange-badge[:material/rule: {total - look.unused:,} of {total:,} files used]"
        )
        with st.popover(f"{look.unused:,} left out", key="own_left_out"):
            rows = [{"File": name, "Why": reason} for name, reason in look.left_out]
            _listed(rows)
            if look.unused > len(rows):
                st.caption(f"The first {len(rows)} of {look.unused:,}.")


def _listed(rows: list[dict[str, str]]) -> None:
    """A table of files in a popover, as wide as what it says of them."""
    first = st.column_config.Column(width=LISTED_WIDTH // 2)
    st.dataframe(
        rows,
        hide_index=True,
        width=LISTED_WIDTH,
        height=min(35 * len(rows) + 38, 400),
        column_config={next(iter(rows[0])): first} if rows else None,
    )


def _crops(own: Own, data: DataConfig) -> None:
    try:
        url, count = crops(own, data)
    except REFUSALS as error:
        st.error(sentence(error), icon=":material/error:")
        return
    mirrored = ", some mirrored" if data.flips else ""
    st.html(
        f'<img class="gd-images gd-crops" src="{url}" '
        f'alt="{count} images as they will be trained on">'
        f'<p class="gd-sub">{count} of them as D will see them{mirrored}: {data.size}×{data.size} '
        f"pixels</p>"
    )


@st.cache_data(
    max_entries=64,
    show_spinner=False,
    hash_funcs={
        Own: lambda own: (str(own.place), own.look.model_dump_json()),
        DataConfig: lambda data: data.model_dump_json(),
    },
)
def crops(own: Own, data: DataConfig) -> tuple[str, int]:
    """The URL of a grid of real images as they will be trained on, and how many they are."""
    with opened(own.place, own.name) as contents:
        if contents is None:
            raise ValueError(f"{own.name!r} is no longer there: hand it in again")
        names = sorted(set(contents.classes.values()))
        unusable = {file for file, _ in own.look.left_out}
        usable = [file for file in contents.train if file.name not in unusable]
        groups = [contents.classes.get(file.group, "") for file in usable]
        numbers = [names.index(group) if group else 0 for group in groups]
        drawn = draw_evenly(len(groups), min(data.limit or CROPS, CROPS), numbers)
        files = [usable[number] for number in drawn]
        mode = "L" if data.color == "gray" else "RGB"
        frame = Frame(data.size, data.framing, data.background)
        images = stack(files, frame, mode, None, contents.classes).images
    images = recolor(images, "gray" if is_gray(images) and data.color == "auto" else data.color)
    if data.flips:
        images = images.clone()
        images[1::2] = images[1::2].flip(-1)
    return publish(encode(grid(images, COLUMNS))), len(images)


def _findings(look: Look, size: int) -> None:
    lines = [
        f'<p class="gd-finding" data-sign="{"bad" if it.minded else "good"}">'
        f'{in_html(it.title)}<span class="gd-why"> {in_html(it.text)}</span></p>'
        for it in findings(look, size)
    ]
    st.html(f'<div class="gd-doctor">{"".join(lines)}</div>')


def _details(own: Own) -> None:
    """Classes and pictures that are alike, for those who want to see which; and a way out."""
    look = own.look
    with st.container(horizontal=True):
        if look.classes:
            with st.popover("Classes", icon=":material/bar_chart:", key="own_classes"):
                table = [{"Class": name, "Pictures": count} for name, count in look.classes.items()]
                st.bar_chart(table, x="Class", y="Pictures", color=COLORS[0], horizontal=True)
                if look.class_count > len(table):
                    st.caption(f"The first {len(table)} of {look.class_count:,}.")
        if look.pairs:
            with st.popover("Alike", icon=":material/content_copy:", key="own_alike"):
                rows = [
                    {"Picture": it.other, "Is like": it.one, "How": "copy" if it.same else "nearly"}
                    for it in look.pairs
                ]
                _listed(rows)

        if not limits().public or own.name in st.session_state.get(MINE, []):
            _offer_removal(own)


def _offer_removal(own: Own) -> None:
    stays = "" if own.place.suffix == ".zip" else " The folder itself stays where it is."
    with st.popover("Remove", icon=":material/delete:", key=f"own_removing_{own.name}"):
        st.markdown(
            f"Remove **{in_markdown(own.look.title)}** from what can be trained on? Runs on it can "
            f"no longer be resumed; their checkpoints stay.{stays}"
        )
        st.button(
            "Yes, remove it",
            type="primary",
            on_click=guarded(_remove, PLACE),
            args=(own.name,),
            key="own_remove",
        )


def _remove(name: str) -> None:
    """Forget images, and choose the first dataset in their place."""
    uploads.remove(runs_root(), name)
    st.session_state[config_form.key_of(DATASET)] = next(iter(SOURCES))


def check(config: Config) -> None:
    """``ValueError`` if the images chosen cannot carry the config, or it was tried in vain."""
    own = chosen()
    if own is None:
        as_pairs = parted(name_of(config.data.dataset))[1] in names()
        if st.session_state.get("train_preset") == preset.NAME and not as_pairs:
            raise ValueError(
                f"the preset {preset.NAME} needs images of one's own, and none are chosen: hand "
                "them in under “Use my own images”, or choose another preset"
            )
        return
    look = own.look
    config.steps_per_epoch(min(look.images, config.data.limit or look.images))
    if config.labels.conditioning != "none" and not look.class_count:
        raise ValueError(
            f"conditioning needs images in classes, and {look.title!r} has none: put them into one "
            "folder a class, or set conditioning to none"
        )
    tried = _timed().get(_key(config))
    if isinstance(tried, str):
        raise ValueError(tried)


def offer_batch(size: int) -> None:
    """A button that lowers a batch which is larger than the images are many."""
    own = chosen()
    if own is None or size <= own.look.images:
        return
    gpu = choose_device("auto").type != "cpu"
    fits = preset.fitting_batch(own.look.images, gpu=gpu)
    st.button(f"Take a batch of {fits}", on_click=_take_batch, args=(fits,), key="own_lower")


def _take_batch(size: int) -> None:
    st.session_state[config_form.key_of("batch_size")] = size


def time_needed(config: Config) -> None:
    """How long the run will take on this machine, if that was tried; else a button that tries."""
    own = chosen()
    if own is None or limits().public:  # strangers would have the machine try for each other
        return
    tried = _timed().get(_key(config))
    if tried is None and st.session_state.pop(WANTED, False):
        with st.spinner("Trying a few steps to say how long it will take"):
            tried = _try(config, own.look)
        if isinstance(tried, str):
            st.rerun()  # which refuses it
    if isinstance(tried, Timing):
        steps = config.total_steps(min(own.look.images, config.data.limit or own.look.images))
        st.caption(
            f":material/timer: About **{words.duration(steps * tried.seconds)}** on this machine: "
            f"{steps:,} steps of {_short(tried.seconds)} ({_short(tried.low)} to "
            f"{_short(tried.high)} when {tried.steps} were tried, beside all else that it does)."
        )
        return
    st.button(
        "How long will it take?",
        icon=":material/timer:",
        on_click=_want_time,
        key="own_time",
        help="Tries a few steps with these settings, which takes about ten seconds.",
    )


def _want_time() -> None:
    st.session_state[WANTED] = True


def _try(config: Config, look: Look) -> Timing | str:
    """How long a step takes, or why it cannot be done; remembered in the session."""
    timed = _timed()
    result: Timing | str
    try:
        result = timing.of_step(config, look.channels, look.class_count)
    except REFUSALS as error:
        result = str(error)
    timed[_key(config)] = result
    while len(timed) > MOST_TIMED:
        timed.pop(next(iter(timed)))
    return result


def _timed() -> dict[str, Timing | str]:
    """How long a step takes by what was tried, or why it could not be."""
    timed: dict[str, Timing | str] = st.session_state.setdefault(TIMED, {})
    return timed


def _key(config: Config) -> str:
    """What a step's time depends on: not on how many there are, nor on chance."""
    beside = {"epochs", "steps", "seed", "snapshots", "report_every", "evaluate_every"}
    return config.model_dump_json(exclude=beside)


def _short(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms" if seconds < 1 else f"{seconds:.1f} s"
