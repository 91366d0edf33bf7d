"""The gateway's use cases, one function each: ports and domain objects in, domain results out.

No HTTP here: endpoints parse, call one of these, and show the result; handlers and scheduled tasks call them too.
"""
