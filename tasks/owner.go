package tasks

import (
	"crypto/sha256"
	"encoding/hex"
)

// Owner is the caller who created a task, as a 128-bit hash: the store never learns a name.
type Owner string

// Nobody is the owner of tasks whose id is their only key: nothing is listed for it and nothing is deduplicated.
const Nobody Owner = ""

// Local is the one person behind a server that trusts everybody who reaches its address.
var Local = OwnerOf("", "local")

// OwnerOf returns the owner for an authenticated subject of an issuer.
func OwnerOf(issuer, subject string) Owner {
	sum := sha256.Sum256([]byte(issuer + "\x00" + subject))
	return Owner(hex.EncodeToString(sum[:16]))
}
