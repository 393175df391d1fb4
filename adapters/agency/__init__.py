"""The door of agencies whose systems are none of the five: an HTTP API of ours (cửa của các cơ quan)."""
