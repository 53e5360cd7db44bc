"""Generators as one page that needs no server: a file that opens from disk, by mail, offline."""

from gandash.browser.page.writing import as_file, write_file, write_folder

__all__ = ["as_file", "write_file", "write_folder"]
