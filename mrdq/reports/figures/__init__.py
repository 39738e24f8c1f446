"""Figures of a cohort as SVG text: tables in, one drawing out, the same bytes each time."""
