package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// claims are the content of a requestState. It passes through the client, so it is signed, and is bound to what the specification asks for
// (patterns/mrtr, Server Requirements): the caller, the call and a time.
type claims struct {
	Task    tasks.ID                   `json:"task,omitempty"` // empty: the questions came before there was a task
	Owner   tasks.Owner                `json:"owner,omitempty"`
	Call    string                     `json:"call"` // digest of tool and arguments
	Expires int64                      `json:"exp"`  // Unix milliseconds
	Nonce   string                     `json:"nonce"`
	Answers map[string]json.RawMessage `json:"answers,omitempty"` // those given so far, before there was a task
}

// stateLife is how long a requestState is good for. A person may take a while to answer; a client that comes back later starts anew.
const stateLife = time.Hour

// maxState bounds a requestState: it comes back in a body, which has a limit of its own.
const maxState = 1 << 20

func (s *Server) seal(ctx context.Context, c claims) (string, error) {
	keys, err := s.signingKeys(ctx)
	if err != nil {
		return "", err
	}
	c.Expires = s.opts.Now().Add(stateLife).UnixMilli()
	c.Nonce = rand.Text()
	b, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	payload := base64.RawURLEncoding.EncodeToString(b)
	state := payload + "." + base64.RawURLEncoding.EncodeToString(sign(keys[0], payload))
	if len(state) > maxState {
		return "", invalid("the answers so far are too large to be carried on: at most %d bytes", maxState)
	}
	return state, nil
}

// unseal reads a state that came with the call of that digest by that owner. Whatever is wrong with it is errState.
func (s *Server) unseal(ctx context.Context, state string, owner tasks.Owner, call string) (claims, error) {
	keys, err := s.signingKeys(ctx)
	if err != nil {
		return claims{}, err
	}
	payload, mac, ok := strings.Cut(state, ".")
	got, err := base64.RawURLEncoding.Strict().DecodeString(mac)
	if !ok || err != nil || len(state) > maxState {
		return claims{}, errState
	}
	if !slices.ContainsFunc(keys, func(key string) bool { return hmac.Equal(got, sign(key, payload)) }) {
		return claims{}, errState
	}
	var c claims
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || json.Unmarshal(b, &c) != nil {
		return claims{}, errState
	}
	if c.Owner != owner || c.Call != call || s.opts.Now().UnixMilli() > c.Expires {
		return claims{}, errState
	}
	return c, nil
}

// sign signs a payload. A name in front of it keeps this use of the key apart from others.
func sign(key, payload string) []byte {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte("requestState\x00"))
	mac.Write([]byte(payload))
	return mac.Sum(nil)
}

// signingKeys are the keys that all replicas share: the first signs, each is believed. They are read anew each time, since few calls
// need them and each of them may be replaced at any time.
func (s *Server) signingKeys(ctx context.Context) ([]string, error) {
	ctx, cancel := brief(ctx)
	defer cancel()
	secret, err := s.opts.Secret(ctx)
	if err != nil {
		return nil, err
	}
	keys := strings.Fields(secret)
	if len(keys) == 0 {
		return nil, errNoKey
	}
	return keys, nil
}

var errNoKey = errors.New("there is no key to sign requestState with: the secret is empty")
