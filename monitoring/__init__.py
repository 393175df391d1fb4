"""WHAT an operator sees."""
