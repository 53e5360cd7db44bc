"""The pages: header, controls, a call into the core, a picture."""
