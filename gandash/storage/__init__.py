"""Files, folders and locks: whole or not at all. No idea of GANs."""
