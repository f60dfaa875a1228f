"""
A whole cluster with one real node, in a network, mount and process namespace of its own (root).

    spec            what is wanted, as a value that crosses process borders
    network         addresses, and the one veth pair to the host
    cgroups         the cluster's own, and their removal
    configuration   files for containerd, CNI, kubelet: pure
    components      flags of everything that runs on the node: pure
    dns, metrics    what else a cluster has: CoreDNS as pods, a metrics API
    keeper          the process on the host's side: makes the namespaces, and removes what is left when they end
    init            process 1 inside: starts everything, reaps, starts again what is asked of it
    cluster         what callers hold

Teardown is one SIGKILL to process 1: the kernel ends every process inside, pods included, and with the namespaces go
mounts, packet filter rules, bridges. Left for us are two things: the cgroups' folders and the recorded state.
"""
