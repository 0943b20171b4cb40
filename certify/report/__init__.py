"""One report model, written as HTML, terminal text and JSON."""
