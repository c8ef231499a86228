package loganalysis

// record is what one line says. Its bytes belong to the line and are valid as long as that is.
type record struct {
	unix  int64 // seconds
	timed bool

	client, path, agent []byte
	status              int // 0: the line has none
	sent                int64

	level, message []byte

	login    login
	user     []byte
	repeated int64 // how often the log-in happened: syslog folds equal lines into one
}

type login uint8

const (
	noLogin login = iota
	failedLogin
	acceptedLogin
)

// failure reports whether the line tells of something that went wrong.
func (r *record) failure() bool {
	if r.status >= 400 || r.login == failedLogin {
		return true
	}
	switch string(r.level) {
	case "error", "ERROR", "Error", "err", "crit", "critical", "CRITICAL", "fatal", "FATAL", "panic", "alert", "emerg":
		return true
	}
	return false
}
