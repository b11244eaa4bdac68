"""One file per group of commands: arguments in, calls, words out."""
