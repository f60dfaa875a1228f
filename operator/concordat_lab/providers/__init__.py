"""Where a cluster comes from: started here, by kind, or there already."""
