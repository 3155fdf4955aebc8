"""What `make` runs: plain Python on the standard library, so that it works before anything is installed."""
