"""Requests and files made to do harm."""
