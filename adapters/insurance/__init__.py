"""The social insurance authority (BHXH)."""
