"""Videos that the browser encodes and the studio packs: a player shows their pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser
COUNT, SIDE, RATE = 30, 128, 20
WRITE = """async ([count, side, rate]) => {
  const { writeVideo } = await import("/studio/video.js");
  const frameOf = (place) => {
    const pixels = new Uint8Array(4 * side * side).fill(255);
    for (let i = 0; i < side * side; i += 1) {
      const [x, y] = [i % side, Math.floor(i / side)];
      const inside = Math.abs(x - 4 * place) < 16 && y > 40 && y < 90;
      pixels.set(inside ? [200, 60, 40] : [20, 20 + y, 60], 4 * i);
    }
    return pixels;
  };
  const heard = [];
  const tell = (share) => heard.push(share);
  window.frameOf = frameOf;
  window.file = await writeVideo(count, frameOf, side, side, rate, tell);
  window.again = await writeVideo(count, frameOf, side, side, rate, tell);
  return { heard, bytes: Array.from(window.file), same: String(window.file) === String(again) };
}"""
PLAY = """async ([places, side, rate]) => {
  const video = document.createElement("video");
  video.muted = true;
  video.src = URL.createObjectURL(new Blob([window.file], { type: "video/mp4" }));
  await new Promise((resolve, reject) => {
    video.onloadeddata = resolve;
    video.onerror = () => reject(new Error(video.error.message));
  });
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = side;
  const context = canvas.getContext("2d");
  const errors = [];
  for (const place of places) {
    const seeked = new Promise((resolve) => (video.onseeked = resolve));
    video.currentTime = (place + 0.5) / rate;
    await seeked;
    const wanted = window.frameOf(place);
    let error = Infinity;
    for (let tries = 0; tries < 60 && error > 65; tries += 1) {
      context.drawImage(video, 0, 0); // a busy player shows the picture some time after it says so
      const found = context.getImageData(0, 0, side, side).data;
      error = wanted.reduce((sum, value, i) => sum + (value - found[i]) ** 2, 0) / found.length;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    errors.push(error);
  }
  return { errors, duration: video.duration, size: [video.videoWidth, video.videoHeight] };
}"""


def test_a_player_shows_the_pictures(blank: Page) -> None:
    """At 30 dB or more: that includes the way from RGB to coded colors and back."""
    written: dict[str, Any] = blank.evaluate(WRITE, [COUNT, SIDE, RATE])
    assert bytes(written["bytes"][4:8]) == b"ftyp"
    assert bytes(written["bytes"]).index(b"moov") < bytes(written["bytes"]).index(b"mdat")
    assert written["heard"] == [(i + 1) / COUNT for i in range(COUNT)] * 2
    assert written["same"], "the same pictures, the same file"
    played = blank.evaluate(PLAY, [[0, 7, 15, 29], SIDE, RATE])
    assert played["size"] == [SIDE, SIDE]
    assert played["duration"] == pytest.approx(COUNT / RATE, abs=0.01)
    decibels = 10 * np.log10(255**2 / np.array(played["errors"]))
    assert decibels.min() >= 30, decibels


@pytest.mark.parametrize(
    ("before", "sentence"),
    [
        ("delete window.VideoEncoder", "need a browser with WebCodecs, and https"),
        (
            "VideoEncoder.isConfigSupported = async () => ({ supported: false })",
            "encodes neither H.264 nor VP9",
        ),
    ],
)
def test_what_a_browser_lacks_is_one_sentence(before: str, sentence: str, fresh: Page) -> None:
    fresh.evaluate(before)
    with pytest.raises(Exception, match=sentence):
        fresh.evaluate(WRITE, [2, SIDE, RATE])


def test_vp9_is_taken_where_there_is_no_h264(fresh: Page) -> None:
    fresh.evaluate(
        """() => {
          const right = VideoEncoder.isConfigSupported.bind(VideoEncoder);
          VideoEncoder.isConfigSupported = async (config) =>
            config.codec.startsWith("avc1") ? { supported: false } : right(config);
        }"""
    )
    written: dict[str, Any] = fresh.evaluate(WRITE, [COUNT, SIDE, RATE])
    assert b"vp09" in bytes(written["bytes"])
    played = fresh.evaluate(PLAY, [[0, 15], SIDE, RATE])
    assert 10 * np.log10(255**2 / max(played["errors"])) >= 30
