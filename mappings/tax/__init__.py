"""Sheets of the tax office (cơ quan thuế): the ROW inside the GIP's frame."""
