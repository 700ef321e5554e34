"""The probe: what a file is, when its pictures are shown, which tracks it has, and why another file is refused."""
