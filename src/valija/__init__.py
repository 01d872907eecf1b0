"""Valija: a portal for licenses, and the encrypted service they are for."""

__version__ = "0.1.0"
