package blob

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
	"google.golang.org/api/googleapi"
)

// plainly shortens an error to one line with what people can do something about: SDKs quote whole requests.
func plainly(err error) error { return &plain{err} }

type plain struct{ err error }

func (p *plain) Unwrap() error { return p.err }

func (p *plain) Error() string {
	said := strings.Join(strings.Fields(saidOf(p.err)), " ")
	switch statusOf(p.err) {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "the credentials that it was given do not allow it: " + said
	case http.StatusNotFound:
		return "is there such a bucket? " + said
	}
	return said
}

func saidOf(err error) string {
	if e, ok := errors.AsType[errSilent](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode() + ": " + e.ErrorMessage()
	}
	if e, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return fmt.Sprintf("%s (HTTP %d)", cmp.Or(e.ErrorCode, "an error"), e.StatusCode)
	}
	if e, ok := errors.AsType[*googleapi.Error](err); ok {
		return fmt.Sprintf("%s (HTTP %d)", cmp.Or(e.Message, e.Body), e.Code)
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Error()
	}
	if e, ok := errors.AsType[*url.Error](err); ok { // a URL may have a signature in it
		return e.Err.Error()
	}
	return err.Error()
}

// statusOf returns the HTTP status in an error, or 0.
func statusOf(err error) int {
	if e, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return e.HTTPStatusCode()
	}
	if e, ok := errors.AsType[*azcore.ResponseError](err); ok {
		return e.StatusCode
	}
	if e, ok := errors.AsType[*googleapi.Error](err); ok {
		return e.Code
	}
	return 0
}
