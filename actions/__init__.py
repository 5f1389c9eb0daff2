"""The demo company's custom actions, run in the worker or by a rasa-sdk action server.

Actions speak only through responses of `domain.yml`: no text that a customer reads stands here.
"""
