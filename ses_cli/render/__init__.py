"""Tables, data, progress and messages out."""
