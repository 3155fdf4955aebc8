"""Controls: what Switchboard is measured beside. Each says what it does not do that we do."""
