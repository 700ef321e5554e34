"""Starting a job of any kind: refused, delayed while the project is busy, replayed or accepted."""
