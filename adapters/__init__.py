"""WHO we talk to: one folder, one kind of system, the same anatomy in each."""
