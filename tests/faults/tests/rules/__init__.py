"""Tests of the rules, on histories of a few lines."""
