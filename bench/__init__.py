"""The bench: what Switchboard costs, each figure beside the control a user would pick instead, in one run."""
