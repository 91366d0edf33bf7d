"""The gateway's pure rules: who may do what, what a brand is, how numbers are shown."""
