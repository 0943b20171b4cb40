"""What is proved: the theory, its index, and the checker that re-checks certificates."""
