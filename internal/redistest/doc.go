// Package redistest gives tests a real Redis: one private redis-server per test binary, a database of its own for every
// test, and servers of their own for tests that kill, freeze or restart one.
//
//	func TestMain(m *testing.M) { redistest.Main(m) }
//
//	func TestSomething(t *testing.T) {
//		t.Parallel()
//		rdb := redistest.New(t)
//		...
//
// Where no redis-server is on the PATH, New, Options and Each use the embedded store instead, so that the tests run on
// any machine; LONGHAUL_REQUIRE_REDIS=1 turns its absence into a failure. Nothing here outlives the test binary, however
// it ends.
//
// Pub/sub channels are not part of a database: tests that share the server hear each other's messages unless their
// channels have names of their own.
package redistest
