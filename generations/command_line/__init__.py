"""The command line: runs in this process, stored like any other."""
