-- +goose Up
-- The interactions that went on in an answer's own as it was sent and whose senders it reached: at the end their messages are marked as answered, and no others.
ALTER TABLE email_sends ADD COLUMN reached TEXT NOT NULL DEFAULT '[]';
