"""Verifiers behind one interface: branch and bound, Z3, and the falsifier they share."""
