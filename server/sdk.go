package server

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/longhaul-mcp/longhaul/wire"
)

// newSDK is the handler of every request that is not ours.
func newSDK(about wire.Implementation, log *slog.Logger) http.Handler {
	caps := &mcp.ServerCapabilities{
		Tools: &mcp.ToolCapabilities{ListChanged: true},
		// Always, though there may be none: servers behind workers may come at any time, and a client asks once what we have.
		Resources:   &mcp.ResourceCapabilities{ListChanged: true, Subscribe: true},
		Prompts:     &mcp.PromptCapabilities{ListChanged: true},
		Completions: &mcp.CompletionCapabilities{},
		Logging:     &mcp.LoggingCapabilities{}, // held calls send log messages
	}
	caps.AddExtension(wire.TasksExtension, nil)
	server := mcp.NewServer(&mcp.Implementation{Name: about.Name, Version: about.Version}, &mcp.ServerOptions{Capabilities: caps})
	server.AddReceivingMiddleware(guard(log), legacyCapabilities, ours)
	return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{
		Stateless:                  true,
		JSONResponse:               true, // nothing that the SDK serves for us sends notifications
		MaxRequestBodyBytes:        maxBody,
		DisableLocalhostProtection: true, // the door has checked Host
	})
}

// guard recovers where the SDK does not: its handlers run on goroutines of their own, so a panic there ends the process.
func guard(log *slog.Logger) mcp.Middleware {
	return func(next mcp.MethodHandler) mcp.MethodHandler {
		return func(ctx context.Context, method string, req mcp.Request) (res mcp.Result, err error) {
			defer func() {
				if v := recover(); v != nil {
					log.Error("panic", "method", method, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
					res, err = nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "internal error"}
				}
			}()
			return next(ctx, method, req)
		}
	}
}

// legacyCapabilities keeps from earlier revisions what only 2026-07-28 can use.
func legacyCapabilities(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		res, err := next(ctx, method, req)
		if init, ok := res.(*mcp.InitializeResult); ok && init != nil {
			init.Capabilities.Extensions = nil
		}
		return res, err
	}
}

// ours refuses what is left of the features that we serve ourselves: the SDK would answer as if it had them.
func ours(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		switch feature, _, _ := strings.Cut(method, "/"); feature {
		case "resources", "prompts", "completion":
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeMethodNotFound, Message: "method not found"}
		}
		return next(ctx, method, req)
	}
}
