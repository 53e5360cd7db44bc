"""Generators as one page that needs no server: a file that opens from disk, by mail, offline."""

from gandash.browser.page.writing import Written, as_file, write_file, write_folder

__all__ = ["Written", "as_file", "write_file", "write_folder"]
