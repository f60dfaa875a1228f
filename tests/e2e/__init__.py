"""
The story "Apply" on a whole cluster: real images, a real helm, real pods, real traffic.

Runs unchanged on whatever cluster the provider brings: nothing here knows where the pods run. Traffic is made and
judged inside the cluster, by pods of the image in ``prober/``.
"""
