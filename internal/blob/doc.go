// Package blob keeps sealed files: attachments, prompts, segments of recordings.
// It takes only secret.Sealed, under keys made of ids, so that neither a file nor
// its name tells anything about a person.
//
//	s, err := blob.OpenDir(folder)     // or OpenS3, OpenAzure
//	err = s.Put(ctx, key, sealed)      // Create, Get, Delete, List
//
// A file is written whole or not at all, and is durable when Put returns. What a
// place answers is told apart with care: only a file that is not there is
// errs.NotFound; a bucket that is missing, a key that is refused, a service that is
// silent are errs.Unavailable, so that nothing is taken for lost that is not.
//
// A place is one kind of storage: dir.go, s3.go (minio-go), azure.go
// (Azure's own library); blobtest is the suite that all pass. Retries are left to
// who asks. It runs no goroutine, but for Copy while it copies, and is safe for use
// by many. It leaves to others: sealing (vault), which files belong to what (store).
package blob
