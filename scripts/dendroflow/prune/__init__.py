"""Removing results that no configuration asks for."""
