"""One file per step of the schema, each up and down."""
