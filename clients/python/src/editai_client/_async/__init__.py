"""The client, as coroutines. `make clients` writes the package `_sync` from this one: change only this one."""
