"""Whether the site can do what it is for: its parts, looked at cheaply and never waited for long."""
