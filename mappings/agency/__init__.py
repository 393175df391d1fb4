"""The sheet of what agencies hand in as a package; what they send as JSON needs none."""
