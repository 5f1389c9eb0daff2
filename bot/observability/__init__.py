"""What Flerkanal tells those who run it: logs without personal data, and metrics."""
