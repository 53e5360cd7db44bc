"""Text that others wrote, made safe to show: names, titles, notes, messages of errors.

Whatever does not stand in this code may hold markup: of HTML in ``st.html``, and of Streamlit's
Markdown in nearly everything else, labels and notices too. It is text, and is shown as text.
"""

from __future__ import annotations

import re
from html import escape

JOINER = "\u2060"  # invisible: it parts what Streamlit looks for in text that is already parsed
SPECIAL = re.compile(r"[\\`*\[\]<$~]|&(?=[#\w])|(?<![^\W_])_|_(?![^\W_])|^[#>+=-]")
NUMBERED = re.compile(r"^(\d+)([.)])")
JOINED = re.compile(r"(?<=:)(?=[\w/:+-])|(?<=@)(?=\S)|(?<=\bwww)(?=\.)", re.IGNORECASE)


def in_html(text: str) -> str:
    """Text between tags or in a quoted attribute."""
    return escape(text)


def in_markdown(text: str) -> str:
    """Text in one line of Markdown, without links, pictures, formulas, icons, colors or emphasis of
    its own.
    """
    line = "".join(char for char in " ".join(text.split()) if char.isprintable())
    escaped = NUMBERED.sub(r"\1\\\2", SPECIAL.sub(r"\\\g<0>", line))
    return JOINED.sub(JOINER, escaped)
