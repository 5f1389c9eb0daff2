"""The client of the order system: find an order by its number and postcode, ask for an invoice."""
