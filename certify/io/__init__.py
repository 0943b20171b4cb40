"""Readers and writers, one format in each module."""
