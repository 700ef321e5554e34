"""Tests of clips from segments and of final renders."""
