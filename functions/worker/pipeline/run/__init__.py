"""What a recipe works with while its job runs: sources, checkpoints, reports and phases."""
