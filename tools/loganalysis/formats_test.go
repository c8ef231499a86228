package loganalysis_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/longhaul-mcp/longhaul/tools/loganalysis"
)

const ok = `10.0.0.1 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 5 "-" "curl"` + "\n"

// what is what a test compares of a report.
type what struct {
	Format              string
	Lines, Unparsed     int64
	From, To            string
	Client, Path, Agent string
	Level, Message      string
	Status              string
	Failed, Accepted    int64
	User, Address       string
	Failures, BytesSent int64
}

func summary(r *loganalysis.Report) what {
	w := what{
		Format: r.Files[0].Format, Lines: r.Lines, Unparsed: r.Unparsed, From: r.From, To: r.To, BytesSent: r.BytesSent,
		Client: values(r.Clients), Path: values(r.Paths), Agent: values(r.Agents), Level: values(r.Levels), Message: values(r.Messages),
		Failed: r.Logins.Failed, Accepted: r.Logins.Accepted,
		User:    values(r.Logins.FailedUsers) + values(r.Logins.AcceptedUsers),
		Address: values(r.Logins.FailedAddresses) + values(r.Logins.AcceptedAddresses),
	}
	for s := range r.Statuses {
		w.Status += s
	}
	for _, p := range r.Traffic.Points {
		w.Failures += p.Failures
	}
	return w
}

func values(r loganalysis.Ranking) string {
	var vs []string
	for _, c := range r.Top {
		vs = append(vs, c.Value)
	}
	return strings.Join(vs, ",")
}

func TestFormats(t *testing.T) {
	t.Parallel()
	const may = "2015-05-17T10:05:03Z"
	for name, c := range map[string]struct {
		log  string
		want what
	}{
		"combined": {ok, what{Format: "combined", Lines: 1, From: may, To: may, Client: "10.0.0.1", Path: "/a", Agent: "curl", Status: "200", BytesSent: 5}},
		"common, IPv6, no size, zone": {
			`2001:db8::1 - bob [with] [17/May/2015:12:35:03 +0230] "GET /a HTTP/1.1" 404 -` + "\r\n",
			what{Format: "common", Lines: 1, From: may, To: may, Client: "2001:db8::1", Path: "/a", Status: "404", Failures: 1},
		},
		"access log with escaped quotes": {
			`h - - [17/May/2015:10:05:03 +0000] "GET /\"x\\ HTTP/1.1" 200 5 "\\" "a \"b\" c"`,
			what{Format: "combined", Lines: 1, From: may, To: may, Client: "h", Path: `/\"x\\`, Agent: `a \"b\" c`, Status: "200", BytesSent: 5},
		},
		"access log whose agent is cut off": {
			`h - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.0" 200 5 "-" "Goo`,
			what{Format: "combined", Lines: 1, From: may, To: may, Client: "h", Path: "/", Agent: "Goo", Status: "200", BytesSent: 5},
		},
		"request that is none": {
			`h - - [17/May/2015:10:05:03 +0000] "\x16\x03\x01" 400 5`,
			what{Format: "common", Lines: 1, From: may, To: may, Client: "h", Status: "400", BytesSent: 5, Failures: 1},
		},
		"unparsed and blank lines": {
			ok + "\n  \nrubbish\n" + strings.Replace(ok, "17/May", "31/Feb", 1) + strings.Replace(ok, " 200 ", " 2x0 ", 1),
			what{Format: "combined", Lines: 6, Unparsed: 3, From: may, To: may, Client: "10.0.0.1", Path: "/a", Agent: "curl", Status: "200", BytesSent: 5},
		},
		"sshd": {
			"Feb 29 10:05:03 h sshd[1]: Failed password for invalid user bob from 10.0.0.1 port 1 ssh2\n" +
				"Feb 29 10:05:04 h sshd[1]: message repeated 4 times: [ Failed password for bob from 10.0.0.1 port 1 ssh2]\n" +
				"Feb 29 10:05:05 h CRON[1]: (root) CMD (Failed password for x from y port 1)\n" +
				"Feb 29 10:05:06 h sshd-session[1]: Accepted publickey for eve from 10.0.0.2 port 1 ssh2: RSA SHA256:x\n",
			what{Format: "syslog", Lines: 4, From: "2024-02-29T10:05:03Z", To: "2024-02-29T10:05:06Z", Failed: 5, Accepted: 1, User: "bobeve", Address: "10.0.0.110.0.0.2", Failures: 2},
		},
		"sshd with names chosen to mislead": {
			"Jan  3 10:05:03 h sshd[1]: Failed password for invalid user a from 8.8.8.8 port 22 from 10.0.0.1 port 1 ssh2\n" +
				"Jan  3 10:05:03 h sshd[1]: Failed password for invalid user  from 10.0.0.1 port 1 ssh2\n" +
				"Jan  3 10:05:03 h sshd[1]: Invalid user Accepted password for root from 10.0.0.1 port 1\n",
			what{Format: "syslog", Lines: 3, From: "2024-01-03T10:05:03Z", To: "2024-01-03T10:05:03Z", Failed: 2, User: ",a from 8.8.8.8 port 22", Address: "10.0.0.1", Failures: 2},
		},
		"syslog after New Year's Eve belongs to the year before the file's": {
			"Dec 31 22:59:59 h x: y\nJan  2 00:00:00 h x: y\n", // the file is of 31 December 2024, 23:00
			what{Format: "syslog", Lines: 2, From: "2024-01-02T00:00:00Z", To: "2024-12-31T22:59:59Z"},
		},
		"syslog with full times": {
			"2024-12-10T06:55:48.123456+01:00 h sshd[1]: Accepted password for a from ::1 port 1 ssh2\n",
			what{Format: "syslog", Lines: 1, From: "2024-12-10T05:55:48Z", To: "2024-12-10T05:55:48Z", Accepted: 1, User: "a", Address: "::1"},
		},
		"apache error log": {
			"[Sun May 17 10:05:03.123456 2015] [core:error] [pid 1:tid 2] (2)No such file: [client 10.0.0.1:123] AH1: gone\n" +
				"[Sun May 17 10:05:03 2015] [notice] [client 2001:db8::1] hello\n" +
				"[Sun May 17 10:05:03.1 2015] [mpm:warn] [pid 3] [client 10.0.0.2:80] hello\n",
			what{
				Format: "apache-error", Lines: 3, From: may, To: may, Client: "10.0.0.2,2001:db8::1", Level: "error,notice,warn",
				Message: "hello,(2)No such file: [client 10.0.0.1:123] AH1: gone", Failures: 1,
			},
		},
		"JSON lines": {
			`{"ts":1431857103.25,"status":"503","uri":"/a","client_ip":"10.0.0.1","user_agent":"a\u00e9\"","x":{"status":[1,"}"]},"bytes":7}` + "\n" +
				`{"time":"2015-05-17 12:05:03,5+02:00" , "level":"info","msg":"m","status":null}` + "\n" +
				`{"timestamp":1431857103250, "request":"GET /b HTTP/1.1","remote_addr":"10.0.0.1"}` + "\n" +
				`{"other":1}` + "\n" + `{"time":` + "\n" + `["time"]` + "\n",
			what{
				Format: "json", Lines: 6, Unparsed: 3, From: may, To: may, Client: "10.0.0.1", Path: "/a,/b", Agent: `aé"`, Level: "info", Message: "m",
				Status: "503", Failures: 1, BytesSent: 7,
			},
		},
		"text that is not UTF-8": {
			strings.Replace(ok, "/a", "/\xff\xc3", 1),
			what{Format: "combined", Lines: 1, From: may, To: may, Client: "10.0.0.1", Path: "/\uFFFD", Agent: "curl", Status: "200", BytesSent: 5},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "x.log", c.log)
			if diff := cmp.Diff(c.want, summary(analyze(t, dir, "x.log"))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLongLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3<<20) + "\n"
	for name, log := range map[string]string{"first": long + ok, "middle": ok + long + ok, "last": ok + strings.TrimSpace(long)} {
		dir := t.TempDir()
		write(t, dir, "x.log", log)
		r := analyze(t, dir, "x.log")
		if r.Unparsed != 1 || r.Lines != int64(strings.Count(strings.TrimSpace(log), "\n")+1) || r.Bytes != int64(len(log)) {
			t.Errorf("%s: %d lines, %d unparsed, %d of %d bytes", name, r.Lines, r.Unparsed, r.Bytes, len(log))
		}
	}
}
