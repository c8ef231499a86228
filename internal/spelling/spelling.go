// Package spelling tells what a person may have meant by a name that is none of the known ones.
package spelling

import (
	"fmt"
	"strings"
)

// Suggestion ends an error about a name that is none of the known ones: ": did you mean this?", or which ones there are.
func Suggestion(name string, known []string) string {
	if meant := Closest(name, known); meant != "" || len(known) == 0 {
		return meant
	}
	return ": there is " + strings.Join(known, ", ")
}

// Closest ends an error about a name of many: ": did you mean this?", or nothing.
func Closest(name string, known []string) string {
	best, least := "", len(name)/2+1
	for _, k := range known {
		if d := distance(name, k); d < least {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(": did you mean %s?", best)
}

// distance is how many letters have to be added, left out or changed.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := corner
			if a[i] != b[j] {
				change++
			}
			corner = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
