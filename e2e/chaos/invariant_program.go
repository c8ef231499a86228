package chaos

func programsStay(h *History, v *verdict) {
	for _, l := range h.Lives {
		v.looked++
		if l.Astray != "" {
			v.breach("%s (pid %d) ended by itself, and said:\n%s", l.Name, l.PID, l.Astray)
		}
	}
}
