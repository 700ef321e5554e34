"""deploy.sh against recorded command lines, and the staged functions."""
