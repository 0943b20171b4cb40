"""The checker: reads a certificate, derives its obligations, and accepts or rejects.

Imports the standard library and python-flint only.  The path of an argument through it:
``format`` (bytes to claim and trees), ``theorems`` (claim to obligations, with ``calculus``
and ``blowup``), ``tree`` (leaves of a tree), ``models`` and ``ranges`` (enclosures over a
leaf), ``obligations`` (do they prove the formula), ``kernel`` (the verdict).
"""
