"""A visitor of a page: the real scripts, and no browser code."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from gandash.storage.paths import PROJECT

MAIN = PROJECT / "gandash" / "app" / "main.py"
SECONDS = 120  # that a page may take on a busy machine


def visit(view: str, **query: str | list[str]) -> AppTest:
    """Run a page, the first that this visitor sees, as a link to it would.

    Streamlit finds a page that has not been listed yet by its address, which is its file's name.
    """
    app = AppTest.from_file(str(MAIN), default_timeout=SECONDS)
    for key, value in query.items():
        app.query_params[key] = value
    if view != "gallery":
        app.switch_page(str(MAIN.parent / "views" / f"{view}.py"))
    return app.run()


def fine(app: AppTest) -> AppTest:
    """The same, if nothing went wrong."""
    assert not app.exception, [problem.message for problem in app.exception]
    return app
