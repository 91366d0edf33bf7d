"""Pure rules: how campaigns perform, what is advised, how it is said."""
