"""Small servers that speak the parts of Google's REST APIs which the official clients use, for one machine.

`python -m deploy.emulated.fakes NAME --port N` runs one; each is a module with `create_app()`, and one that can keep
what it holds takes a folder for it (`--state`). They are for tests and the emulated cloud only: nobody is asked who
they are, so they listen on this machine alone.
"""
