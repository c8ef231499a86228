package redistest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// startTimeout is generous: a loaded machine may take seconds to run a new process.
const startTimeout = 30 * time.Second

// process is one run of redis-server.
type process struct {
	addr   string
	os     *os.Process
	output bytes.Buffer // complete once exited is closed
	exited chan struct{}
}

// startAnywhere starts a server on a free port. The port may be taken by another before the server has it: then it
// tries again elsewhere.
func startAnywhere(ctx context.Context, dir string, args ...string) (*process, error) {
	var errs []error
	for range 5 {
		port, err := freePort()
		if err != nil {
			return nil, err
		}
		p, err := start(ctx, port, dir, args...)
		if err == nil {
			return p, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// start runs a server and waits until it answers.
func start(ctx context.Context, port int, dir string, args ...string) (*process, error) {
	return run(ctx, port, append([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", dir}, args...))
}

// run is start with nothing but the given arguments, which name the port.
func run(ctx context.Context, port int, args []string) (*process, error) {
	p := &process{addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), exited: make(chan struct{})}
	cmd := exec.Command(binary, args...)
	cmd.Stdout, cmd.Stderr = &p.output, &p.output
	cmd.SysProcAttr = dieWithParent()
	started := make(chan error)
	go func() {
		// The kernel ends the server together with the thread that started it, so this thread lives as long as the
		// server: it is this goroutine's alone, waits here, and is not handed back.
		runtime.LockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its output
			close(p.exited)
		}
	}()
	if err := <-started; err != nil {
		return nil, err
	}
	p.os = cmd.Process
	if err := p.ready(ctx); err != nil {
		p.kill()
		return nil, fmt.Errorf("redis-server on %s: %w\n%s", p.addr, err, p.output.String())
	}
	return p, nil
}

// ready waits until this very process answers on its port, and not another that was quicker to take it.
func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	opts := options(p.addr)
	opts.MaxRetries = -1
	c := redis.NewUniversalClient(opts)
	defer c.Close()
	return until(ctx, func() (state string, ok bool, err error) {
		info, asking := c.Info(ctx).Result()
		switch {
		case p.hasExited():
			return "", false, errors.New("exited")
		case asking != nil:
			return asking.Error(), false, nil
		case !strings.Contains(info, fmt.Sprintf("process_id:%d\r\n", p.os.Pid)):
			return "", false, errors.New("another server has this port")
		}
		// not reading its append-only file any more
		return "loading", strings.Contains(info, "\nloading:0\r\n") || strings.Contains(info, "redis_mode:sentinel"), nil
	})
}

func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// port is the number in the address.
func (p *process) port() int {
	_, port, _ := net.SplitHostPort(p.addr)
	n, _ := strconv.Atoi(port)
	return n
}

// kill ends the process, frozen or not, and waits for its end.
func (p *process) kill() {
	_ = p.os.Kill() // it may have ended by itself
	<-p.exited
}

// Ports are taken from below the range that systems give to outgoing connections, so that a port stays free while its
// server restarts, and so that a cluster's second port, 10000 above, is below it too.
const lowestPort, highestPort = 10000, 22000

func freePort() (int, error) {
	for range 100 {
		port := lowestPort + rand.IntN(highestPort-lowestPort)
		if isFree(port) && isFree(port+10000) {
			return port, nil
		}
	}
	return 0, errors.New("no free port")
}

func isFree(port int) bool {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return false
	}
	return l.Close() == nil
}
