"""Handing over to a person: the state machine, teams and hours, the queue, what customers are told."""
