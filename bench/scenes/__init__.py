"""Compares where the worker and PySceneDetect find cuts and dissolves, on footage whose edits are known."""
