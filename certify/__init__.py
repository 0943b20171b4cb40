"""Formally verified safe control: train, prove, certify, re-check and report closed loops.

The functions here are the main job in Python; everything else is in the modules they come
from.  They are loaded on first use, so that importing the package costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from certify.certificate import check, load, save
    from certify.io.toml import read_problem
    from certify.pipeline import train, verify
    from certify.reach import reaches_core

__all__ = ["check", "load", "reaches_core", "read_problem", "save", "train", "verify"]

_HOME = {
    "check": "certify.certificate",
    "load": "certify.certificate",
    "reaches_core": "certify.reach",
    "read_problem": "certify.io.toml",
    "save": "certify.certificate",
    "train": "certify.pipeline",
    "verify": "certify.pipeline",
}


def __getattr__(name: str) -> object:
    if name not in _HOME:
        raise AttributeError(f"module 'certify' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOME[name]), name)
