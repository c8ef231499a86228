package redisdial_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/longhaul-mcp/longhaul/internal/redisdial"
	"github.com/longhaul-mcp/longhaul/internal/redistest"
	"github.com/longhaul-mcp/longhaul/store"
	"github.com/longhaul-mcp/longhaul/tasks"
)

func TestMain(m *testing.M) { redistest.Main(m) }

func TestRedisURLs(t *testing.T) {
	t.Parallel()
	type want struct {
		addrs        string
		user, pass   string
		db           int
		tls, cluster bool
		master       string
	}
	for url, w := range map[string]want{
		"redis://localhost":                          {addrs: "localhost:6379"},
		"redis://u:p%40ss@host:7000/3":               {addrs: "host:7000", user: "u", pass: "p@ss", db: 3},
		"redis://[::1]":                              {addrs: "[::1]:6379"},
		"rediss://:secret@host":                      {addrs: "host:6379", pass: "secret", tls: true},
		"redis-cluster://a,b:7001?tls=true":          {addrs: "a:6379 b:7001", tls: true, cluster: true},
		"redis-sentinel://p@s1,s2:1/2?master=mymain": {addrs: "s1:26379 s2:1", user: "p", db: 2, master: "mymain"},
	} {
		o, err := redisdial.Options(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		got := want{strings.Join(o.Addrs, " "), o.Username, o.Password, o.DB, o.TLSConfig != nil, o.IsClusterMode, o.MasterName}
		if got != w || !o.ContextTimeoutEnabled {
			t.Errorf("%s: %+v, want %+v", url, got, w)
		}
	}
	for url, want := range map[string]string{
		"127.0.0.1:6379":                 "as in redis://127.0.0.1:6379",
		"http://host":                    `scheme "http": use redis, rediss`,
		"redis-sentinel://host":          "needs ?master=NAME",
		"redis://host/x":                 `database "x" is not a number`,
		"redis://":                       "a host is missing",
		"redis://u:secret@host:port%zz/": "redis URL",
		"rediss://host?ca=/no/such.pem":  "no such file",
	} {
		if _, err := redisdial.Options(url); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q and no password", url, err, want)
		}
	}
}

// uses does a little of everything over a URL.
func uses(t *testing.T, url string) {
	t.Helper()
	o, err := redisdial.Options(url)
	if err != nil {
		t.Fatal(err)
	}
	rdb := redis.NewUniversalClient(o)
	t.Cleanup(func() { rdb.Close() })
	s, err := store.Open(t.Context(), rdb, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	task, _, err := s.Create(t.Context(), store.NewTask{ID: s.NewID(tasks.Local, ""), Tool: "t", Owner: tasks.Local, Policy: tasks.Policy{}.WithDefaults("q")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), task.ID); err != nil {
		t.Error(err)
	}
}

func TestASentinelLeadsToTheMaster(t *testing.T) {
	t.Parallel()
	master := redistest.Private(t)
	uses(t, "redis-sentinel://"+redistest.Sentinel(t, master, "mymain")+"/?master=mymain")
}

// A node that died sends nobody to its successor.
func TestAClusterThatFailedOverIsFoundAtOnce(t *testing.T) {
	t.Parallel()
	c := redistest.ClusterOf(t, 3, 1, "--cluster-node-timeout", "1000")
	o, err := redisdial.Options("redis-cluster://" + strings.Join(c.Options().Addrs, ","))
	if err != nil {
		t.Fatal(err)
	}
	rdb := redisdial.Connect(o)
	t.Cleanup(func() { rdb.Close() })
	set := func(slot string) error { return rdb.Set(t.Context(), slot, 1, 0).Err() }
	const first = "{3560}" // in slot 0, which the first master has
	if err := set(first); err != nil {
		t.Fatal(err)
	}
	c.Masters[0].Kill()
	c.Replicas[0].AwaitRole("master")
	began := time.Now()
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for err := set(first); err != nil; err = set(first) {
		if time.Since(began) > 20*time.Second {
			t.Fatalf("20 s after the failover: %v", err)
		}
		<-poll.C
	}
}

func TestTLSAndACL(t *testing.T) {
	t.Parallel()
	cert, key := certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	_, port, _ := net.SplitHostPort(addr)
	server := redistest.Private(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert, "--tls-auth-clients", "no")
	if err := server.Client(t).Do(t.Context(), "ACL", "SETUSER", "longhaul", "on", ">secret", "~lh:*", "~asynq:*", "&lh:*", "&asynq:*", "+@all", "-@dangerous", "+info").Err(); err != nil {
		t.Fatal(err)
	}
	uses(t, "rediss://longhaul:secret@"+addr+"/?ca="+cert)
}

// certificate makes one for 127.0.0.1 that signs itself.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "EC PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}
