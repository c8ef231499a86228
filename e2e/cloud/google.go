package cloud

import (
	"io"
	"net/http"
	"strings"
	"testing"
)

// Google starts fake-gcs-server. It lets everybody in.
func Google(t testing.TB) *Cloud {
	t.Helper()
	program := installed(t, "bin", "fake-gcs-server")
	c := start(t, "Google", func(_, port string) (string, []string) {
		return program, []string{"-scheme", "http", "-host", "127.0.0.1", "-port", port, "-public-host", "127.0.0.1:" + port, "-backend", "memory", "-log-level", "warn"}
	})
	c.URL = "gs://" + Bucket
	c.Env = []string{"STORAGE_EMULATOR_HOST=" + c.Addr}

	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+c.Addr+"/storage/v1/b?project=test", strings.NewReader(`{"name":"`+Bucket+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Close = true // nothing is to be left of it when the test ends
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if said, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", res.Status, said)
	}
	return c
}
