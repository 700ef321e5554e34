"""How a function is served: the guarded HTTP protocol, functions-framework, and who may call internal functions."""
