"""Which system calls code in a sandbox may make: the rules once, for Docker's engine and for bubblewrap."""
