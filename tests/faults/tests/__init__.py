"""Tests of the fault program itself."""
