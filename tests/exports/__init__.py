"""Small whole exports of every shape that a reader knows, made with invented data."""
