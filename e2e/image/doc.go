// Package image describes a worker image made of fixture tools. A test says what an image holds, the program e2e/fixture is that
// image, and its ledger tells the test what ran where.
package image
