"""What the environment allows visitors, and what it says where it is wrong."""

from __future__ import annotations

import re

import pytest

from gandash.app.hosting.permissions import Limits, read
from gandash.config import parse_config

SMALL = {
    "data": {"dataset": "mnist", "size": 32},
    "network": {"g_width": 64, "d_width": 64},
    "steps": 100,
}


def test_without_variables_everything_is_allowed() -> None:
    assert read({}) == Limits()
    read({}).check(parse_config(SMALL | {"steps": 10**6}), 1000)


def test_a_public_server_allows_little_unless_more_is_said() -> None:
    found = read({"GANDASH_PUBLIC": "1"})
    assert (found.training, found.uploads, found.measuring) == ("off", "off", False)
    found = read({"GANDASH_PUBLIC": "1", "GANDASH_TRAINING": "limited", "GANDASH_MEASURING": "1"})
    assert (found.training, found.uploads, found.measuring) == ("limited", "off", True)
    assert read({"GANDASH_PUBLIC": "", "GANDASH_TRAINING": ""}) == Limits()


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"GANDASH_PUBLIC": "perhaps"}, "public"),
        ({"GANDASH_TRAINING": "some"}, "training"),
        ({"GANDASH_STORAGE_GB": "-1"}, "storage_gb"),
        ({"GANDASH_STORAGE_GB": "inf"}, "storage_gb"),
        ({"GANDASH_EMBED": "https://a.example; script-src *"}, "embed"),
        ({"GANDASH_BANNER": "x" * 501}, "banner"),
    ],
)
def test_a_wrong_variable_is_one_sentence(variables: dict[str, str], says: str) -> None:
    with pytest.raises(ValueError, match=r"^The environment's GANDASH_… variables: ") as refused:
        read(variables)
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"steps": 5_001}, "steps may be at most 5,000 on this server, and it is 5,001"),
        ({"steps": None}, "steps may be at most 5,000 on this server, and it is not set"),
        ({"network": {"g_width": 128, "d_width": 64}}, "width of G may be at most 64"),
        ({"network": {"g_width": 64, "d_width": 128}}, "width of D may be at most 64"),
        ({"data": {"dataset": "mnist", "size": 64}}, "image size may be at most 32"),
        ({"batch_size": 256}, "batch size may be at most 128"),
        ({"balance": {"d_steps": 12}}, "number of updates in a step may be at most 12"),
        (
            {"balance": {"discriminators": 4, "d_steps": 3}},
            "number of updates in a step may be at most 12",
        ),
        ({"collapse": {"unroll_steps": 11}}, "number of updates in a step may be at most 12"),
        ({"evaluate_every": 4, "report_every": 4}, "number of measurements may be at most 20"),
    ],
)
def test_limited_training_is_bounded(change: dict[str, object], says: str) -> None:
    limited = read({"GANDASH_TRAINING": "limited"})
    limited.check(parse_config(SMALL), 1)
    with pytest.raises(ValueError, match=re.escape(says)):
        limited.check(parse_config(SMALL | change), 0)
    with pytest.raises(ValueError, match="At most 2 runs of yours"):
        limited.check(parse_config(SMALL), 2)


def test_memory_of_limited_training_is_bounded_by_estimate() -> None:
    little = read({"GANDASH_TRAINING": "limited", "GANDASH_MOST_MEMORY_GB": "0.05"})
    with pytest.raises(ValueError, match=r"memory of a step in GB may be at most 0\.05"):
        little.check(parse_config(SMALL), 0)


def test_training_may_be_off() -> None:
    with pytest.raises(ValueError, match="Training is off"):
        read({"GANDASH_PUBLIC": "1"}).check(parse_config(SMALL), 0)
