"""Records: what is wrong with one, in a sentence that shows no insides of the program."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from pydantic import ValidationError

from gandash.config import Config
from gandash.records import explain


def test_objects_are_told_as_what_they_are() -> None:
    with pytest.raises(OSError, match="at 0x") as caught:
        Image.open(io.BytesIO(b"no image"))
    assert explain(caught.value) == "cannot identify image file"
    assert explain(ValueError(f"no room for {object()}")) == "no room for some object"
    assert explain(TypeError(f"not {Path}")) == "not some Path"


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({}, "epochs should be a valid integer, not a group of settings."),
        ([{"a": 1}], "epochs should be a valid integer, not a list."),
        (None, "epochs should be a valid integer, not nothing."),
        (object(), "epochs should be a valid integer, not this."),
        (float("inf"), "epochs should be a finite number, not inf."),
    ],
)
def test_only_words_and_numbers_are_shown(value: object, sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"epochs": value})
    assert explain(caught.value) == sentence


def test_a_number_of_too_many_digits_is_not_written_out() -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"epochs": 10**5000})
    assert len(explain(caught.value)) < 200


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate({"data": 3, "surprise" * 50: 1})
    assert explain(caught.value).startswith("data should be a group of settings, not 3; surprise")
