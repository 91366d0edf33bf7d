"""The `pulsepoint` command: talks to a running tower over HTTP and opens no engine of its own."""
