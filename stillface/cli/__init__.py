"""The command line: thin, one file a command, no computing of its own."""
