package command_test

import (
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// passed is what a program got as its arguments.
func passed(t *testing.T, res *tasks.Result) []string {
	t.Helper()
	var out struct{ Args []string }
	if err := json.Unmarshal(res.Structured.(json.RawMessage), &out); err != nil {
		t.Fatal(err)
	}
	return fromHex(t, out.Args)
}

func fromHex(t *testing.T, list []string) []string {
	t.Helper()
	out := []string{}
	for _, s := range list {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, string(b))
	}
	return out
}

func TestArguments(t *testing.T) {
	t.Parallel()
	nasty := "a b\t\n'\"`$(reboot)${arg:x}$HOME;|&<>*?[]{}\\~#!%^()=é\u2028\U0001F600\x7f"
	given, err := json.Marshal(map[string]any{
		"nasty": nasty, "empty": "", "n": json.Number("12345678901234567890"), "neg": -5, "yes": true, "no": false, "none": nil,
		"list": []any{"a", "", "b c", 3}, "object": map[string]any{"k": []int{1}}, "flags": []string{"-v", "--all"}, "dash": "-rf", "nothing": []string{},
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ args, want []string }{
		"nasty characters":          {[]string{"${arg:nasty}", "x${arg:nasty}y"}, []string{nasty, "x" + nasty + "y"}},
		"empty is a value":          {[]string{"${arg:empty}", "--x=${arg:empty}"}, []string{"", "--x="}},
		"numbers keep their digits": {[]string{"${arg:n}", "-${arg:n}"}, []string{"12345678901234567890", "-12345678901234567890"}},
		"what is absent goes whole": {[]string{"${arg:absent}", "--a=${arg:absent}", "${arg:none}", "${arg:absent...}", "end"}, []string{"end"}},
		"lists spread":              {[]string{"${arg:list...}", "-t=${arg:list...}", "${arg:nothing...}"}, []string{"a", "", "b c", "3", "-t=a", "-t=", "-t=b c", "-t=3"}},
		"a single value spreads":    {[]string{"${arg:n...}"}, []string{"12345678901234567890"}},
		"others are JSON":           {[]string{"${arg:list}", "${arg:object}", "${arg:yes}"}, []string{`["a","","b c",3]`, `{"k":[1]}`, "true"}},
		"conditions":                {[]string{"${if:yes}--yes", "${if:no}--no", "${if:absent}--absent", "${if:empty}--empty"}, []string{"--yes", "--empty"}},
		"flags that are asked for":  {[]string{"${flag:flags...}", "${flag:dash}"}, []string{"-v", "--all", "-rf"}},
		"flags that are attached":   {[]string{"--x=${arg:dash}", "-n${arg:neg}"}, []string{"--x=-rf", "-n-5"}},
		"after --":                  {[]string{"--", "${arg:dash}", "${arg:flags...}"}, []string{"--", "-rf", "-v", "--all"}},
		"literals":                  {[]string{"$${arg:n}", "$", "${", "$$", "a$${"}[:2], []string{"${arg:n}", "$"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := passed(t, done(t, part("arguments", test.args...), newClient(), string(given)))
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, refused := range []string{"${arg:dash}", "${arg:neg}", "${arg:flags...}", "${if:yes}${arg:dash}", "${arg:empty}${arg:dash}"} {
		err := failing(t, part("arguments", refused), string(given))
		if permanent, _ := tasks.RetryAdvice(err); !permanent || !strings.Contains(err.Error(), "taken for an option") {
			t.Errorf("%s: %v", refused, err)
		}
		way := strings.Replace(refused[strings.LastIndex(refused, "${"):], "arg:", "flag:", 1)
		contains(t, err.Error(), "element -- before it", way)
	}
	for given, want := range map[string]string{`{"nul":"a\u0000b"}`: "NUL", `["nul"]`: "arguments"} {
		err := failing(t, part("arguments", "${arg:nul}"), given)
		if permanent, _ := tasks.RetryAdvice(err); !permanent || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", given, err)
		}
	}
	spaced := passed(t, done(t, part("arguments", "${arg:o}"), newClient(), `{"o": {"k": [1,  2]} }`))
	if diff := cmp.Diff([]string{`{"k":[1,2]}`}, spaced); diff != "" {
		t.Error(diff)
	}
}
