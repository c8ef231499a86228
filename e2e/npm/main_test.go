package npm

import (
	"testing"

	"github.com/longhaul-mcp/longhaul/e2e/rig"
)

func TestMain(m *testing.M) { rig.Main(m) }
