package command

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"
)

// lookUpUser finds whom a program runs as, with the groups that a name brings along. Nil: as we do.
func lookUpUser(name string) (*identity, error) {
	if name == "" {
		return nil, nil
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("only root can run programs as another user")
	}
	uid, gid, numbers := strings.Cut(name, ":")
	if numbers {
		u, err1 := strconv.ParseUint(uid, 10, 32)
		g, err2 := strconv.ParseUint(gid, 10, 32)
		if err := errors.Join(err1, err2); err != nil {
			return nil, fmt.Errorf("use a name, or uid:gid: %w", err)
		}
		return &identity{UID: uint32(u), GID: uint32(g)}, nil
	}
	return named(name)
}

func named(name string) (*identity, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	groups, err := u.GroupIds()
	if err != nil {
		return nil, err
	}
	id := new(identity)
	for i, s := range append([]string{u.Uid, u.Gid}, groups...) {
		n, err := strconv.ParseUint(s, 10, 32)
		if err != nil {
			return nil, err
		}
		switch i {
		case 0:
			id.UID = uint32(n)
		case 1:
			id.GID = uint32(n)
		default:
			id.Groups = append(id.Groups, uint32(n))
		}
	}
	return id, nil
}
