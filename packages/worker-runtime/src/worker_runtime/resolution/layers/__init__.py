"""The layers of resolution, in the order in which they vote: host, facts, intent, needs."""
