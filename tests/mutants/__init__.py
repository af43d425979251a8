"""Deliberately broken copies of the project, each of which the suite must catch."""
