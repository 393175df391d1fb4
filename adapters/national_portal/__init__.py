"""The National Public Service Portal (Cổng DVCQG)."""
