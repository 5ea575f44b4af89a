// Package export hands an organisation all that it has (GDPR Art. 28(3)(g)), in
// volumes that are fetched one by one: the records with the audit log, the files of
// conversations, the recordings. docs/formats/organisation.md is their form; Check
// reads them without a server.
//
// No copy is made: a volume is read, opened and written as it is fetched, a page of
// rows or one file at a time. So there is nothing to erase when a person is erased
// meanwhile, a process that is killed leaves nothing behind, and a volume that broke
// off is fetched again by itself. What is stored is who may fetch it, why, and how far
// that is.
//
// It runs no goroutine. It leaves to others: which columns there are and why some are
// not told (store.ExportedTables), how recordings are written (app/recording), the end
// of the organisation (app/account).
package export
