package command

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
)

// kin is a process as /proc shows it.
type kin struct{ pid, parent, group int }

// descendants are all processes that stand below one, as far as they could be seen at once.
func descendants(of int) []kin {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	children := make(map[int][]kin)
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil {
			if k, ok := lookAt(pid); ok {
				children[k.parent] = append(children[k.parent], k)
			}
		}
	}
	list := children[of]
	for i := 0; i < len(list); i++ { // it grows
		list = append(list, children[list[i].pid]...)
	}
	return list
}

// lookAt reads /proc/PID/stat: pid (name) state parent group. The name may contain anything.
func lookAt(pid int) (kin, bool) {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return kin{}, false // it has ended
	}
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 3 {
		return kin{}, false
	}
	parent, err1 := strconv.Atoi(string(fields[1]))
	group, err2 := strconv.Atoi(string(fields[2]))
	return kin{pid, parent, group}, err1 == nil && err2 == nil
}
