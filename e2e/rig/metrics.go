package rig

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Gauge reads a metric without labels from the ops address of a worker, which was started with -ops-addr 127.0.0.1:0.
func (p *Process) Gauge(name string) float64 {
	p.t.Helper()
	var up struct{ Ops string }
	if err := json.Unmarshal([]byte(p.Line(`"worker is up"`)), &up); err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, up.Ops+"/metrics", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Close = true // one connection more or less does not matter, a goroutine left behind it would
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			n, err := strconv.ParseFloat(value, 64)
			if err != nil {
				p.t.Fatalf("%s: %v", name, err)
			}
			return n
		}
	}
	p.t.Fatalf("%s has no metric %s", p.name, name)
	return 0
}
