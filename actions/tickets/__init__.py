"""The client of the ticket system: the SQL database by default, or Zammad, or Zendesk."""
