"""The service desk: promises to customers, kept by clocks that run in working time."""
