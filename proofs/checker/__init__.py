"""The checker: reads a certificate, derives its obligations, and accepts or rejects.

Imports the standard library, numpy and python-flint only.  The path of an argument through
it: ``format`` (bytes to claim and trees), ``theorems`` (claim to obligations, with ``calculus``
and ``blowup``), ``coordinates`` (axes to split along), ``tree`` (leaves of a tree), ``models``
with ``rules``, ``polynomials``, ``symbols``, ``ranges`` and ``intervals`` (enclosures),
``obligations`` (do they prove the formula), ``kernel`` (the verdict).
"""
