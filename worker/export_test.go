package worker

// Insist is how everything about an attempt is tried again.
var Insist = insist
