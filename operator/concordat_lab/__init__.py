"""
A real Kubernetes on one machine, in seconds. Knows nothing of our resources and imports none of them.

    binaries, download, build      where kube-apiserver and its like come from
    pki, kubeconfig, audit         values and files a control plane needs
    components                     every flag, as pure functions
    processes, controlplane        etcd, API server, controller manager, scheduler as child processes: no root, no Docker
    node                           the whole cluster in its own network, mount and process namespace: real pods (root)
    images, oci                    images from Dockerfiles, with Docker or without
    providers                      local, kind or an existing cluster behind one protocol
    testing                        all of it as context managers

What may not happen here: no Kopf, no command line package, no ``kubernetes`` client, no printing. Progress goes to the
:class:`~concordat_lab.machine.progress.Progress` handed in.
"""
