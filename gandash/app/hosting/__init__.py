"""Who may do what on a server that others reach, and how its answers are labelled."""

from gandash.app.hosting.permissions import Limits, limits

__all__ = ["Limits", "limits"]
