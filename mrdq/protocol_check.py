"""What the protocol asks for, and what a patient was given."""

from __future__ import annotations
