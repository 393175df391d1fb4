"""The sheets of the document axis: official documents, their statuses, dossiers sent as documents."""
