"""Figures that were published: read from a table or a text, and checked for what can be checked."""
