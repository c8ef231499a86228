// Package admin is what operators do to Longhaul's Redis by hand, past every server. Whoever reaches Redis may.
package admin
