"""The gateway's own records in PostgreSQL, every tenant's rows behind row-level security."""
