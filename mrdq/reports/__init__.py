"""Edges for people: tables to pages."""
