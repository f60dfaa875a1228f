"""The connection to the API server: who we are there, one HTTP session, requests, and what their errors mean."""
