"""The `pulsepoint` command: talks to a running instance over HTTP and opens no engine of its own."""
