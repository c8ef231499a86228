package cloud

import (
	"context"
	"encoding/json"
	"fmt"
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

	if _, err := c.ask(t.Context(), http.MethodPost, "b?project=test", `{"name":"`+Bucket+`"}`); err != nil {
		t.Fatal(err)
	}
	c.objects = func() (keys []string, err error) {
		said, err := c.ask(t.Context(), http.MethodGet, "b/"+Bucket+"/o", "")
		if err != nil {
			return nil, err
		}
		var list struct{ Items []struct{ Name string } }
		err = json.Unmarshal(said, &list)
		for _, o := range list.Items {
			keys = append(keys, o.Name)
		}
		return keys, err
	}
	return c
}

func (c *Cloud) ask(ctx context.Context, method, path, body string) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+c.Addr+"/storage/v1/"+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Close = true // nothing is to be left of it when the test ends
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	said, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", res.Status, said)
	}
	return said, err
}
