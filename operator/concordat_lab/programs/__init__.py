"""The programs of a cluster: found, downloaded or built, and images made of them."""
