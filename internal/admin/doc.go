// Package admin is what operators see in Longhaul's Redis, and do to it by hand, past every server. Whoever reaches Redis may.
package admin
