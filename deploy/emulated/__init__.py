"""The emulated cloud: every service a process of its own on emulators and real servers of one machine."""
