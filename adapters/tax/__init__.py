"""The tax office (cơ quan thuế) behind the GIP gateway."""
