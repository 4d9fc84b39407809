"""Care plans: what a customer is to hear when, as documents; the days on which it is due; texts; control groups."""
