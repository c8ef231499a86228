package loganalysis

// Report is what analyze_logs answers: its fields are for programs, Content shows it to people and models.
type Report struct {
	Path      string           `json:"path" jsonschema:"the path that was asked for"`
	Lines     int64            `json:"lines" jsonschema:"lines of all files whose format is known"`
	Unparsed  int64            `json:"unparsed" jsonschema:"lines that do not fit their file's format, or are longer than 1 MiB"`
	Bytes     int64            `json:"bytes" jsonschema:"size of the log text, uncompressed"`
	BytesSent int64            `json:"bytesSent" jsonschema:"sum of the response sizes in access logs"`
	From      string           `json:"from,omitempty" jsonschema:"earliest time, RFC 3339 in UTC"`
	To        string           `json:"to,omitempty" jsonschema:"latest time, RFC 3339 in UTC"`
	FileCount int64            `json:"fileCount" jsonschema:"files that matched, whether or not their format is known"`
	Formats   map[string]int64 `json:"formats" jsonschema:"number of files by format; files that are unknown or empty were not counted in anything else"`
	Files     []File           `json:"files" jsonschema:"the first 200 files by path"`
	Statuses  map[string]int64 `json:"statuses" jsonschema:"number of responses by HTTP status"`
	Traffic   Traffic          `json:"traffic"`
	Clients   Ranking          `json:"clients" jsonschema:"client addresses of requests and of error log entries"`
	Paths     Ranking          `json:"paths" jsonschema:"what was requested, query included"`
	Agents    Ranking          `json:"agents" jsonschema:"user agents"`
	Levels    Ranking          `json:"levels" jsonschema:"log levels of error logs and JSON lines"`
	Messages  Ranking          `json:"messages" jsonschema:"messages of error logs and JSON lines"`
	Logins    Logins           `json:"logins" jsonschema:"log-ins by password or key that sshd accepted, and passwords that it refused"`
	Bursts    []Burst          `json:"bursts" jsonschema:"minutes and hours that stand out, the largest first"`
	Notes     []string         `json:"notes" jsonschema:"what to know when reading the numbers"`
}

// File is what is known of one file.
type File struct {
	Path     string `json:"path" jsonschema:"relative to its root"`
	Format   string `json:"format" jsonschema:"combined, common, apache-error, syslog, json, unknown or empty"`
	Gzip     bool   `json:"gzip,omitempty"`
	Lines    int64  `json:"lines"`
	Unparsed int64  `json:"unparsed"`
	Bytes    int64  `json:"bytes" jsonschema:"uncompressed"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
}

// Traffic is the number of lines over time.
type Traffic struct {
	Unit   string  `json:"unit" jsonschema:"hour; day, month or year if there would be more than 1500 points"`
	Points []Point `json:"points" jsonschema:"in order of time; times without lines are left out"`
	Beyond int64   `json:"beyond,omitempty" jsonschema:"lines of hours past the first 20000 different ones, which no point has"`
}

// Point is the lines of one hour, day, month or year.
type Point struct {
	Start    string `json:"start" jsonschema:"RFC 3339 in UTC"`
	Lines    int64  `json:"lines"`
	Failures int64  `json:"failures" jsonschema:"lines with a status of 400 or more, a refused password, or a level of error or worse"`
}

// Ranking is the most frequent of many values.
type Ranking struct {
	Distinct int64   `json:"distinct" jsonschema:"number of different values; estimated to 0.8 % standard error if exact is false"`
	Exact    bool    `json:"exact" jsonschema:"whether the numbers are exact; if not, there were too many values to keep"`
	MaxError int64   `json:"maxError,omitempty" jsonschema:"if exact is false: a true count is at least the one given and at most this much higher"`
	Top      []Count `json:"top"`
}

// Count is how often a value came.
type Count struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

// Logins is what sshd decided. Failed counts passwords, each line that syslog folded included.
type Logins struct {
	Failed            int64   `json:"failed"`
	Accepted          int64   `json:"accepted"`
	FailedUsers       Ranking `json:"failedUsers"`
	FailedAddresses   Ranking `json:"failedAddresses"`
	AcceptedUsers     Ranking `json:"acceptedUsers"`
	AcceptedAddresses Ranking `json:"acceptedAddresses"`
}

// Burst is one or more minutes or hours in a row with far more lines than usual.
type Burst struct {
	Unit    string `json:"unit" jsonschema:"minute or hour"`
	Start   string `json:"start" jsonschema:"RFC 3339 in UTC"`
	End     string `json:"end" jsonschema:"when the last of these minutes or hours ends"`
	Lines   int64  `json:"lines"`
	Peak    int64  `json:"peak" jsonschema:"lines of the busiest minute or hour"`
	Typical int64  `json:"typical" jsonschema:"median of all minutes or hours that have lines"`
}
