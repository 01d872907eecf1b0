"""SQLite for a process with many threads."""
