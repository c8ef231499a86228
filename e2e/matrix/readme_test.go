package matrix

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// heading is where the README's table begins.
const heading = "### Which client gets what\n"

// table is the README's: lines of cells. The first line has the situations, each other one a kind of client.
type table [][]string

func readme(t *testing.T) table {
	t.Helper()
	doc, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(doc), heading)
	if !ok {
		t.Fatalf("README has no %q", heading)
	}
	var rows table
	for line := range strings.Lines(section) {
		line, isRow := strings.CutPrefix(strings.TrimSpace(line), "|")
		switch {
		case isRow && !strings.HasPrefix(line, "---"):
			rows = append(rows, cells(line))
		case !isRow && rows != nil:
			return rows
		}
	}
	t.Fatal("README has no table, or nothing after it")
	return nil
}

func cells(line string) []string {
	list := strings.Split(strings.TrimSuffix(line, "|"), "|")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// cell is what the table says of a kind of client in a situation: "" if it says nothing.
func (rows table) cell(kind, situation string) string {
	column := slices.Index(rows[0], situation)
	row := slices.IndexFunc(rows, func(r []string) bool { return r[0] == kind })
	if column < 1 || row < 1 || column >= len(rows[row]) {
		return ""
	}
	return rows[row][column]
}

// What a cell says is checked by TestMatrix; here, that the table and the tests have the same cells.
func TestReadmeShowsTheMatrix(t *testing.T) {
	t.Parallel()
	rows := readme(t)
	want := []string{"client"}
	for _, s := range situations {
		want = append(want, s.name)
	}
	if !slices.Equal(rows[0], want) {
		t.Errorf("README has the columns %q, tested are %q", rows[0], want)
	}
	var got, tested []string
	for _, r := range rows[1:] {
		got = append(got, r[0])
		if len(r) != len(want) || slices.Contains(r, "") {
			t.Errorf("README leaves something out of %q", r)
		}
	}
	for _, k := range kinds {
		tested = append(tested, k.name)
	}
	if !slices.Equal(got, tested) {
		t.Errorf("README has the clients %q, tested are %q", got, tested)
	}
}
