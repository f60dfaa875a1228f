"""How resources are read and described: CustomResourceDefinitions, parsing, and one rule for the API server and for Python."""
