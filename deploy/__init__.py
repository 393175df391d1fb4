"""What an installation stands on."""
