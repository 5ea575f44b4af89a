// Package blob keeps sealed files: attachments, prompts, segments of recordings.
// It takes only secret.Sealed, under keys made of ids, so that neither a file nor
// its name tells anything about a person.
//
// A file is written whole or not at all, and is durable when Put returns. It
// runs no goroutine and is safe for use by many. It rests on gocloud.dev/blob,
// so that cloud storage differs only in how the bucket is opened. It leaves to
// others: sealing (vault), which files belong to what (store).
package blob
