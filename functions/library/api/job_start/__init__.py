"""Starting a job: refused, waited for, replayed or accepted, whatever its kind."""
