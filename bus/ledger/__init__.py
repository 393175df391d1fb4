"""The truth: messages, dossiers, identities, deliveries, attempts, legs."""
