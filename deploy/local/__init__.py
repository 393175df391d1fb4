"""A private broker, database and environment on one machine."""
