"""What recipes share while a job runs: sources, checkpoints, progress reports and phases."""
