// Package cloud starts servers that speak the protocols of the clouds' blob stores, for tests of -blob: versitygw (S3), Microsoft's Azurite
// (Azure) and fake-gcs-server (Google). They are processes of the test's own, beside the product, with one empty bucket each.
//
//	cloud.Each(t, func(t *testing.T, c *cloud.Cloud) { … c.URL … c.Env … })
//
// .ci/tools clouds installs them under .cache. Without them tests are skipped; LONGHAUL_REQUIRE_CLOUDS=1 makes that a failure.
package cloud
