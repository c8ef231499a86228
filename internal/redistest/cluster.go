package redistest

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

const slots = 16384 // of a cluster

// Cluster starts a Redis Cluster of three masters for this test alone, and returns when all of them call it complete.
// Like Private it skips the test where there is no redis-server.
func Cluster(t testing.TB) *redis.UniversalOptions {
	t.Helper()
	return ClusterOf(t, 3, 0, "--cluster-node-timeout", "5000").Options()
}

// Nodes are the servers of a cluster, as they began.
type Nodes struct {
	Masters  []*Server
	Replicas []*Server // as many for each master, in the order of the masters
}

// Options leads to the cluster.
func (n *Nodes) Options() *redis.UniversalOptions {
	opts := &redis.UniversalOptions{IsClusterMode: true, ContextTimeoutEnabled: true}
	for _, s := range slices.Concat(n.Masters, n.Replicas) {
		opts.Addrs = append(opts.Addrs, s.Addr())
	}
	return opts
}

// ClusterOf is Cluster with so many masters, each with so many replicas, and with the arguments that the test needs.
func ClusterOf(t testing.TB, masters, replicasEach int, args ...string) *Nodes {
	t.Helper()
	n := &Nodes{}
	var clients []redis.UniversalClient
	var addrs []string
	start := func() *Server {
		s := Private(t, append([]string{"--cluster-enabled", "yes", "--repl-diskless-sync-delay", "0"}, args...)...)
		clients, addrs = append(clients, s.Client(t)), append(addrs, s.Addr())
		return s
	}
	for range masters {
		n.Masters = append(n.Masters, start())
	}
	for range masters * replicasEach {
		n.Replicas = append(n.Replicas, start())
	}
	ctx, cancel := context.WithTimeout(t.Context(), startTimeout)
	defer cancel()
	if err := join(ctx, clients, addrs, masters); err != nil {
		t.Fatalf("make a cluster: %v", err)
	}
	for i := range n.Replicas {
		if err := follow(ctx, clients[masters+i], clients[i/replicasEach]); err != nil {
			t.Fatalf("make a replica: %v", err)
		}
	}
	return n
}

// follow makes a node of the cluster another's replica, and waits until it has all of it.
func follow(ctx context.Context, replica, master redis.UniversalClient) error {
	id, err := master.Do(ctx, "cluster", "myid").Text()
	if err != nil {
		return err
	}
	if err := replica.ClusterReplicate(ctx, id).Err(); err != nil {
		return err
	}
	return until(ctx, func() (string, bool, error) {
		info, err := replica.Info(ctx, "replication").Result()
		return info, strings.Contains(info, "master_link_status:up"), err
	})
}

// join gives each master its share of the slots, introduces all to the first, and waits until they agree.
func join(ctx context.Context, nodes []redis.UniversalClient, addrs []string, masters int) error {
	for i, n := range nodes {
		if err := n.Do(ctx, "cluster", "set-config-epoch", i+1).Err(); err != nil {
			return err
		}
		if i < masters {
			if err := n.ClusterAddSlotsRange(ctx, slots*i/masters, slots*(i+1)/masters-1).Err(); err != nil {
				return err
			}
		}
		host, port, err := net.SplitHostPort(addrs[i])
		if err != nil {
			return err
		}
		if err := nodes[0].ClusterMeet(ctx, host, port).Err(); err != nil {
			return err
		}
	}
	for _, n := range nodes {
		if err := complete(ctx, n, len(nodes), masters); err != nil {
			return err
		}
	}
	return nil
}

func complete(ctx context.Context, node redis.UniversalClient, known, size int) error {
	return until(ctx, func() (string, bool, error) {
		info, err := node.ClusterInfo(ctx).Result()
		ok := strings.Contains(info, "cluster_state:ok")
		for name, n := range map[string]int{"size": size, "known_nodes": known, "slots_ok": slots} {
			ok = ok && strings.Contains(info, fmt.Sprintf("cluster_%s:%d\r\n", name, n))
		}
		return info, ok, err
	})
}
