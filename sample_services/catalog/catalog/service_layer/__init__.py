"""What can be asked of the catalog, one function a use case, each in one transaction."""
