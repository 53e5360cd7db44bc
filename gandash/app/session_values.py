"""A session's values, looked up one at a time.

Streamlit's number inputs, selectboxes and texts each have the session put all its values into a
dict (``filtered_state``), and look at one of them: on a form of 90 widgets that is a third of the
time. Here they get a mapping that looks up what it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from streamlit.runtime.state import SafeSessionState


class Values(Mapping[str, Any]):
    """What ``filtered_state`` has, under the same keys, made only where all is asked for."""

    def __init__(self, state: SafeSessionState) -> None:
        self._state = state

    def __getitem__(self, key: str) -> Any:
        return self._state[key]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key in self._state

    def __iter__(self) -> Iterator[str]:
        return iter(_everything(self._state))

    def __len__(self) -> int:
        return len(_everything(self._state))

    def __str__(self) -> str:
        return str(_everything(self._state))


_all_values = SafeSessionState.filtered_state


def _everything(state: SafeSessionState) -> dict[str, Any]:
    return dict(_all_values.__get__(state))


def look_up_one_at_a_time() -> None:
    """Have all sessions of this process do so."""
    SafeSessionState.filtered_state = property(Values)  # type: ignore[method-assign,assignment]
