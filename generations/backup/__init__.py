"""Backups: the database with everything that was made, in one file with a manifest. Keys are kept apart from it."""
