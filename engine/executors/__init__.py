"""Where the partitions of a run are computed."""
