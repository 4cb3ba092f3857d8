"""The command `robocoders`. Importing it does no work; `application` is the first module that needs the extra `cli`."""
