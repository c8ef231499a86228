// Package redisdial makes clients of the Redis that a URL names. It knows every way to reach one that the programs take, and nothing
// of what is kept there.
package redisdial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/store"
)

// Options reads a Redis URL:
//
//	redis://user:password@host:6379/0                          one Redis; rediss:// with TLS
//	redis-sentinel://user:password@host1:26379,host2/0?master=mymaster
//	redis-cluster://user:password@host1:6379,host2:6379
//
// The last two take ?tls=true; with TLS, ?ca=FILE names the authority to trust instead of the system's. Sentinels with a password of their
// own take ?sentinel_username= and ?sentinel_password=.
func Options(raw string) (*redis.UniversalOptions, error) {
	if !strings.Contains(raw, "://") {
		return nil, errors.New("redis URL: it begins with redis://, rediss://, redis-sentinel:// or redis-cluster://, as in redis://127.0.0.1:6379")
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("redis URL: %w", redact(err))
	}
	o := &redis.UniversalOptions{ContextTimeoutEnabled: true, DialTimeout: 2 * time.Second, ReadTimeout: 5 * time.Second}
	if u.User != nil {
		o.Username = u.User.Username()
		o.Password, _ = u.User.Password()
	}
	q := u.Query()
	port := "6379"
	switch u.Scheme {
	case "redis":
	case "rediss":
		q.Set("tls", "true")
	case "redis-cluster":
		o.IsClusterMode = true
	case "redis-sentinel":
		port = "26379"
		o.MasterName = q.Get("master")
		o.SentinelUsername, o.SentinelPassword = q.Get("sentinel_username"), q.Get("sentinel_password")
		if o.MasterName == "" {
			return nil, fmt.Errorf("redis URL: redis-sentinel:// needs ?master=NAME")
		}
	default:
		return nil, fmt.Errorf("redis URL: scheme %q: use redis, rediss, redis-sentinel or redis-cluster", u.Scheme)
	}
	if o.Addrs, err = addresses(u.Host, port); err != nil {
		return nil, err
	}
	if db := strings.Trim(u.Path, "/"); db != "" {
		if o.DB, err = strconv.Atoi(db); err != nil || o.DB < 0 {
			return nil, fmt.Errorf("redis URL: database %q is not a number", db)
		}
	}
	if q.Get("tls") == "true" {
		o.TLSConfig, err = tlsConfig(q.Get("ca"))
	}
	return o, err
}

// Connect makes a client. It reaches Redis when it is first used.
func Connect(o *redis.UniversalOptions) redis.UniversalClient {
	rdb := redis.NewUniversalClient(o)
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		cluster.AddHook(scout{cluster})
	}
	return rdb
}

// Quiet drops what go-redis says by itself on standard error: its errors say the same. It is for a program's beginning.
func Quiet() { redis.SetLogger(silence{}) }

type silence struct{}

// Printf says nothing.
func (silence) Printf(context.Context, string, ...any) {}

// scout has a cluster's client ask at once who holds what when a node does not serve. By itself it asks once a minute, and when a node
// sends it elsewhere, which one that is dead does not.
type scout struct{ cluster *redis.ClusterClient }

// DialHook leaves dialling alone.
func (s scout) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook looks at what became of a command.
func (s scout) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { return s.look(ctx, next(ctx, cmd)) }
}

// ProcessPipelineHook looks at what became of a pipeline.
func (s scout) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { return s.look(ctx, next(ctx, cmds)) }
}

func (s scout) look(ctx context.Context, err error) error {
	if store.Unavailable(err) {
		s.cluster.ReloadState(ctx)
	}
	return err
}

func tlsConfig(caFile string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile == "" {
		return c, nil
	}
	ca, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("redis URL: ca: %w", err)
	}
	c.RootCAs = x509.NewCertPool()
	if !c.RootCAs.AppendCertsFromPEM(ca) {
		return nil, fmt.Errorf("redis URL: ca: %s holds no certificate in PEM", caFile)
	}
	return c, nil
}

func addresses(hosts, port string) ([]string, error) {
	var list []string
	for host := range strings.SplitSeq(hosts, ",") {
		if host == "" {
			return nil, fmt.Errorf("redis URL: a host is missing")
		}
		if !strings.Contains(host[strings.LastIndexByte(host, ']')+1:], ":") {
			host += ":" + port
		}
		list = append(list, host)
	}
	return list, nil
}

// redact keeps the URL, and the password in it, out of an error.
func redact(err error) error {
	if ue, ok := errors.AsType[*url.Error](err); ok {
		return ue.Err
	}
	return err
}
