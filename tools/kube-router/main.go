// kube-router's NetworkPolicy controller alone: no BGP, no IPVS, no cloud SDK.
//
// Flags are kube-router's own; those of the parts left out are accepted and ignored.
package main

import (
	"os/signal"
	"sync"
	"syscall"

	"context"
	"flag"

	"github.com/cloudnativelabs/kube-router/v2/pkg/controllers/netpol"
	"github.com/cloudnativelabs/kube-router/v2/pkg/healthcheck"
	"github.com/cloudnativelabs/kube-router/v2/pkg/options"
	"github.com/cloudnativelabs/kube-router/v2/pkg/svcip"
	"github.com/spf13/pflag"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

func must[T any](value T, err error) T {
	if err != nil {
		klog.Fatal(err)
	}
	return value
}

func main() {
	config := options.NewKubeRouterConfig()
	config.AddFlags(pflag.CommandLine)
	klog.InitFlags(flag.CommandLine)
	pflag.Parse()

	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer cancel()
	client := must(kubernetes.NewForConfig(must(clientcmd.BuildConfigFromFlags("", config.Kubeconfig))))

	var running sync.WaitGroup
	heartbeats := make(chan *healthcheck.ControllerHeartbeat, 10)
	health := must(healthcheck.NewHealthController(config))
	start := func(run func()) {
		running.Add(1)
		go run()
	}
	start(func() { health.RunServer(ctx.Done(), &running) })

	factory := informers.NewSharedInformerFactory(client, 0)
	pods := factory.Core().V1().Pods().Informer()
	namespaces := factory.Core().V1().Namespaces().Informer()
	policies := factory.Networking().V1().NetworkPolicies().Informer()
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	health.SetAlive()
	start(func() { health.RunCheck(heartbeats, ctx.Done(), &running) })

	addresses := must(svcip.NewValidator(svcip.Config{
		ExternalIPCIDRs:   config.ExternalIPCIDRs,
		LoadBalancerCIDRs: config.LoadBalancerCIDRs,
		ClusterIPCIDRs:    config.ClusterIPCIDRs,
		StrictValidation:  config.StrictExternalIPValidation,
		EnableIPv4:        config.EnableIPv4,
		EnableIPv6:        config.EnableIPv6,
	}))
	iptables, ipsets, err := netpol.NewIPTablesHandlers(config)
	if err != nil {
		klog.Fatal(err)
	}
	var ipsetLock sync.Mutex
	controller := must(netpol.NewNetworkPolicyController(
		client, config, pods, policies, namespaces, &ipsetLock, nil, iptables, ipsets, addresses))
	must(pods.AddEventHandler(controller.PodEventHandler))
	must(namespaces.AddEventHandler(controller.NamespaceEventHandler))
	must(policies.AddEventHandler(controller.NetworkPolicyEventHandler))
	start(func() { controller.Run(heartbeats, ctx.Done(), &running) })

	running.Wait()
}
