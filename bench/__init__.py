"""Figures beside a limit and a peer, in one run."""
