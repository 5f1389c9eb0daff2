"""What `flerkanal doctor` looks at, each thing in a function of its own."""
