"""One file a platform; `exchange` is how all of them speak HTTP."""
