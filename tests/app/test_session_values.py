"""Values that are looked up one at a time are those that Streamlit puts into a dict."""

from __future__ import annotations

from streamlit.runtime.state import SafeSessionState, SessionState
from streamlit.testing.v1 import AppTest

from gandash.app.session_values import Values


def test_the_same_keys_and_values() -> None:
    state = SessionState()
    state["number"] = 3
    state["nothing"] = None
    values = Values(SafeSessionState(state, lambda: None))
    assert dict(values) == {"number": 3, "nothing": None}
    assert len(values) == 2
    assert "number" in values
    assert values["nothing"] is None
    assert "absent" not in values
    assert 3 not in values
    assert str(values) == str(dict(values))


def test_those_of_widgets_with_and_without_keys() -> None:
    def page() -> None:
        import streamlit as st

        st.number_input("Keyed", 0, 9, 4, key="keyed")
        st.number_input("Not keyed", 0, 9, 5)
        st.session_state["own"] = st.session_state["keyed"] + 1

    test = AppTest.from_function(page).run()
    test.number_input[0].set_value(7).run()
    state = test.session_state._state  # AppTest offers no view of it
    assert dict(Values(state)) == state.filtered_state == {"keyed": 7, "own": 8}
