"""What Switchboard is measured beside: each control says what it is, how it was set up, and what it does not do."""
