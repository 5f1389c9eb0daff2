"""The SQL record: who may read a web conversation, and what later is kept about people."""
