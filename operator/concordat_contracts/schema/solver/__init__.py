"""Is there a value inside these schemas and outside those?"""
