"""HOW messages move and what is guaranteed."""
