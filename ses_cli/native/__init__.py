"""The native engine, where it was built: whole blocks of lines become columns, without the interpreter's lock."""
