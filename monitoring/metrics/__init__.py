"""Metrics for Prometheus: one catalogue, counters as things happen, gauges of the ledger by one process."""
