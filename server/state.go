package server

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/longhaul-mcp/longhaul/tasks"
)

// claims are what a requestState says. It passes through the client, so it is signed, and binds what the specification asks for
// (patterns/mrtr, Server Requirements): the caller, the call and a time.
type claims struct {
	Task    tasks.ID                   `json:"task,omitempty"` // empty: the questions came before there was a task
	Owner   tasks.Owner                `json:"owner,omitempty"`
	Call    string                     `json:"call"` // digest of tool and arguments
	Expires int64                      `json:"exp"`  // Unix milliseconds
	Nonce   string                     `json:"nonce"`
	Answers map[string]json.RawMessage `json:"answers,omitempty"` // those given so far, before there was a task
}

// A person may take a while to answer; a client that comes back later starts anew.
const stateLife = time.Hour

// A state comes back within a body that has its own limit.
const maxState = 1 << 20

func (s *Server) seal(ctx context.Context, c claims) (string, error) {
	secret, err := s.signingKey(ctx)
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
	state := payload + "." + base64.RawURLEncoding.EncodeToString(sign(secret, payload))
	if len(state) > maxState {
		return "", invalid("the answers so far are too large to be carried on: at most %d bytes", maxState)
	}
	return state, nil
}

// unseal reads a state that came with the call of that digest by that owner. Whatever is wrong with it is errState.
func (s *Server) unseal(ctx context.Context, state string, owner tasks.Owner, call string) (claims, error) {
	var c claims
	secret, err := s.signingKey(ctx)
	if err != nil {
		return c, err
	}
	payload, mac, ok := strings.Cut(state, ".")
	got, err := base64.RawURLEncoding.Strict().DecodeString(mac)
	if !ok || err != nil || len(state) > maxState {
		return c, errState
	}
	if !hmac.Equal(got, sign(secret, payload)) {
		// another replica may have made a new key since: Redis can lose it
		if secret, err = s.freshKey(ctx); err != nil || !hmac.Equal(got, sign(secret, payload)) {
			return c, errors.Join(errState, err)
		}
	}
	b, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil || json.Unmarshal(b, &c) != nil {
		return c, errState
	}
	if c.Owner != owner || c.Call != call || s.opts.Now().UnixMilli() > c.Expires {
		return claims{}, errState
	}
	return c, nil
}

// sign keeps the secret's uses apart by a name of this one.
func sign(secret []byte, payload string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte("requestState\x00"))
	mac.Write([]byte(payload))
	return mac.Sum(nil)
}

// signingKey is the key that all replicas share. It changes only if Redis loses it, so it is read once.
func (s *Server) signingKey(ctx context.Context) ([]byte, error) {
	if k := s.secret.Load(); k != nil {
		return *k, nil
	}
	return s.freshKey(ctx)
}

// freshKey reads the key anew.
func (s *Server) freshKey(ctx context.Context) ([]byte, error) {
	ctx, cancel := brief(ctx)
	defer cancel()
	k, err := s.store.Secret(ctx)
	if err != nil {
		return nil, err
	}
	s.secret.Store(&k)
	return k, nil
}
