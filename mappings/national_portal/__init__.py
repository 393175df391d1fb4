"""Sheets and functions of one peer."""
