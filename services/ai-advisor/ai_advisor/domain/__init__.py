"""Pure rules: the performance of campaigns, what is advised, the figures of a summary."""
