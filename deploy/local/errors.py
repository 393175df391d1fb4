"""What the private servers can fail with."""


class ServerUnavailableError(Exception):
    """A server is neither given, nor installed, nor startable; the text says in one sentence what to do."""
