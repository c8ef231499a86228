package cloud

import (
	"testing"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
)

// The account that Azurite has, with the key that all the world knows.
const (
	azureAccount = "devstoreaccount1"
	azureKey     = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)

// Azure starts Azurite. It checks signatures.
func Azure(t testing.TB) *Cloud {
	t.Helper()
	node := installed(t, "node", "node_modules", "node", "bin", "node")
	program := installed(t, "azurite", "node_modules", "azurite", "dist", "src", "blob", "main.js")
	c := start(t, "Azure", func(_, port string) (string, []string) {
		return node, []string{program, "--blobPort", port, "--inMemoryPersistence", "--silent", "--disableTelemetry"}
	})
	c.URL = "azblob://" + Bucket + "?protocol=http&domain=" + c.Addr
	c.Env = []string{"AZURE_STORAGE_ACCOUNT=" + azureAccount, "AZURE_STORAGE_KEY=" + azureKey}

	key, err := azblob.NewSharedKeyCredential(azureAccount, azureKey)
	if err != nil {
		t.Fatal(err)
	}
	client, err := azblob.NewClientWithSharedKeyCredential("http://"+c.Addr+"/"+azureAccount, key, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.CreateContainer(t.Context(), Bucket, nil); err != nil {
		t.Fatal(err)
	}
	c.objects = func() (keys []string, err error) {
		for pages := client.NewListBlobsFlatPager(Bucket, nil); pages.More(); {
			page, err := pages.NextPage(t.Context())
			if err != nil {
				return nil, err
			}
			for _, b := range page.Segment.BlobItems {
				keys = append(keys, *b.Name)
			}
		}
		return keys, nil
	}
	return c
}
