package redistest

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

const slots = 16384

// Cluster starts a Redis Cluster of three masters for this test alone, and returns when all of them call it complete.
// Like Private it skips the test where there is no redis-server.
func Cluster(t testing.TB) *redis.UniversalOptions {
	t.Helper()
	const size = 3
	opts := &redis.UniversalOptions{IsClusterMode: true, ContextTimeoutEnabled: true}
	nodes := make([]redis.UniversalClient, size)
	for i := range size {
		s := Private(t, "--cluster-enabled", "yes", "--cluster-node-timeout", "5000")
		node := redis.NewClient(&redis.Options{Addr: s.Addr(), ContextTimeoutEnabled: true})
		t.Cleanup(func() { _ = node.Close() })
		nodes[i] = node
		opts.Addrs = append(opts.Addrs, s.Addr())
	}
	if err := join(t.Context(), nodes, opts.Addrs); err != nil {
		t.Fatalf("make a cluster: %v", err)
	}
	return opts
}

// join gives each node its share of the slots, introduces all to the first, and waits until they agree.
func join(ctx context.Context, nodes []redis.UniversalClient, addrs []string) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for i, n := range nodes {
		if err := n.Do(ctx, "cluster", "set-config-epoch", i+1).Err(); err != nil {
			return err
		}
		if err := n.ClusterAddSlotsRange(ctx, slots*i/len(nodes), slots*(i+1)/len(nodes)-1).Err(); err != nil {
			return err
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
		if err := complete(ctx, n, len(nodes)); err != nil {
			return err
		}
	}
	return nil
}

func complete(ctx context.Context, node redis.UniversalClient, size int) error {
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		info, err := node.ClusterInfo(ctx).Result()
		if err != nil {
			return err
		}
		if strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_size:%d\r\n", size)) &&
			strings.Contains(info, fmt.Sprintf("cluster_slots_ok:%d\r\n", slots)) {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("%w: %s", context.Cause(ctx), info)
		}
	}
}
