"""Proves an application in the sandbox: install, start, test, and the evidence of each."""
